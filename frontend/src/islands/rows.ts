// Rows of links that scroll on a narrow screen begin where one is.
//   <nav class="bar__places">..<a aria-current="page">..</nav>

export function attachRows(root: ParentNode): void {
  for (const row of root.querySelectorAll<HTMLElement>(".bar__places, .tabs__list")) {
    const current = row.querySelector<HTMLElement>("[aria-current]");
    if (!current || row.scrollWidth <= row.clientWidth) continue;
    const gap = current.getBoundingClientRect().right - row.getBoundingClientRect().right;
    if (gap > 0) row.scrollLeft += gap + 24;
  }
}
