// Attaching a behaviour once to every element that asks for it by a data attribute.

export function attachOnce<T extends Element>(
  root: ParentNode,
  selector: string,
  name: string,
  attach: (element: T) => void,
): void {
  const mark = `data-attached-${name}`;
  for (const element of root.querySelectorAll<T>(selector)) {
    if (element.hasAttribute(mark)) continue;
    element.setAttribute(mark, "");
    attach(element);
  }
}
