"""Renders the report as one HTML file: no script, nothing fetched, headings in order, tables with headers."""

from html import escape

from afterglow.pharmacology.report import Document, Grid, Section

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 Inter, system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto;
  max-width: 80rem; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .4rem; } h3 { font-size: 1.05rem; }
p, ul { max-width: 50rem; } nav ol { columns: 2; column-gap: 3rem; max-width: 60rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .8rem 0 1.4rem; width: 100%; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border-bottom: 1px solid #c8c8c8; padding: .25rem .5rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid #1b1b1b; } tbody th { font-weight: 400; }
tr.marked { background: #fbeee6; } tr.marked td, tr.marked th { font-weight: 600; }
figure { margin: 1rem 0; max-width: 48rem; } svg { max-width: 100%; height: auto; }
a { color: #1f4e79; } a:focus-visible { outline: 3px solid #1f4e79; outline-offset: 2px; }
@media print { nav { display: none; } table { font-size: 8pt; } }
"""


def render_html(document: Document) -> str:
    """Return the report as a complete HTML page."""
    entries = "".join(f'<li><a href="#{one.id}">{escape(one.title)}</a></li>' for one in document.sections)
    body = "".join(_render_section(section, 2) for section in document.sections)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(document.title)}</h1><p>{escape(document.subtitle)}</p></header>\n"
        f'<nav aria-label="Contents"><ol>{entries}</ol></nav>\n<main>\n{body}</main>\n</body>\n</html>\n'
    )


def _render_section(section: Section, level: int) -> str:
    parts = [f'<section id="{section.id}"><h{level}>{escape(section.title)}</h{level}>']
    parts += [f"<p>{escape(text)}</p>" for text in section.texts]
    parts += [_render_grid(grid) for grid in section.grids]
    if section.points:
        parts.append("<ul>" + "".join(f"<li>{escape(point)}</li>" for point in section.points) + "</ul>")
    for figure in section.figures:
        parts.append(
            f"<figure>{figure.svg}<figcaption>{escape(figure.caption)}. {escape(figure.alt)}</figcaption></figure>"
        )
    parts += [_render_section(inner, level + 1) for inner in section.sections]
    return "\n".join([*parts, "</section>\n"])


def _render_grid(grid: Grid) -> str:
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in grid.headers)
    rows = []
    for number, row in enumerate(grid.rows):
        first, *rest = row
        mark = ' class="marked"' if number in grid.marked else ""
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        rows.append(f'<tr{mark}><th scope="row">{escape(first)}</th>{cells}</tr>')
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(grid.caption)}"><table>'
        f"<caption>{escape(grid.caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
