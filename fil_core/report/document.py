"""The report as one HTML file that loads nothing: styles, scripts and data are inside."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from plotly.offline import get_plotlyjs

from fil_core.display import html as e

_CONFIG = {
    "displayModeBar": False, "displaylogo": False, "showLink": False, "showEditInChartStudio": False, "sendData": False,
    "plotlyServerURL": "", "responsive": False,
}  # fmt: skip

_DRAW = """
for (const plot of document.querySelectorAll('.plot')) {
  const figure = JSON.parse(plot.nextElementSibling.textContent);
  Plotly.newPlot(plot, figure.data, figure.layout, CONFIG);
}
"""

_CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1048px; background: #fff; color: #1f2328;
       font: 15px/1.5 "Source Sans 3", "Source Sans Pro", "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.45rem; margin: 40px 0 8px; padding-top: 12px; border-top: 1px solid #d0d7de; }
h3 { font-size: 1.1rem; margin: 22px 0 8px; }
h1, h2, h3, figcaption, caption, .note { break-after: avoid; }
p { margin: 6px 0; overflow-wrap: anywhere; }
.about, .note, .written { color: #59636e; font-size: 13px; }
.banner { border: 1px solid #d0d7de; border-left: 4px solid #c45500; border-radius: 4px; padding: 8px 12px;
          margin: 14px 0; }
.answer { font-size: 1.15rem; margin: 8px 0 14px; }
.warning::before { content: "Note: "; font-weight: 600; }
.warning { border-left: 3px solid #c45500; padding-left: 8px; font-size: 13px; }
.metrics { display: flex; flex-wrap: wrap; gap: 8px; break-inside: avoid; }
.metric { flex: 1 1 120px; border: 1px solid #d0d7de; border-radius: 6px; padding: 8px 12px; }
.metric span, .metric small { display: block; color: #59636e; font-size: 13px; }
.metric b { font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures { display: flex; flex-wrap: wrap; gap: 16px; margin: 18px 0; }
figure { margin: 0; width: WIDTHpx; break-inside: avoid; }
figcaption { font-weight: 600; margin-bottom: 4px; }
.row { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 8px; margin-bottom: 8px;
       break-inside: avoid; }
.tile { padding: 6px; border: 1px solid #d0d7de; border-radius: 6px; background: #f6f8fa; font-size: 12px;
        min-width: 0; break-inside: avoid; }
.tile img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; display: block;
            background: #808080; border-radius: 3px; }
.line { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 6px; margin-top: 4px; color: #59636e; }
.line span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.eta { font-variant-numeric: tabular-nums; font-weight: 600; margin: 1px 0 4px; }
.track { height: 3px; border-radius: 2px; background: #d0d7de; }
.bar { height: 3px; border-radius: 2px; background: #c45500; }
.scroll { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: 13px; }
caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { padding: 3px 10px 3px 0; text-align: left; border-bottom: 1px solid #e4e8ec; overflow-wrap: anywhere; }
th { color: #59636e; font-weight: 600; }
td.number, th.number { text-align: right; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
tr { break-inside: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 13px; margin: 6px 0; }
dt { color: #59636e; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { background: #f6f8fa; border: 1px solid #d0d7de; border-radius: 6px; padding: 8px 12px; white-space: pre-wrap;
      overflow-wrap: anywhere; font-size: 12px; break-inside: avoid; }
nav ol { margin: 6px 0; padding-left: 22px; }
a { color: #0b5cad; }
@page { size: A4; margin: 14mm; }
@media print {
  :root { font-size: 13px; }
  body { padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section + section { break-before: page; }
  h2 { border-top: none; padding-top: 0; margin-top: 0; }
  .figures { gap: 10px; }
  figure { zoom: 0.69; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding-right: 6px; }
  .tile { font-size: 7pt; padding: 4px; }
  a { color: inherit; text-decoration: none; }
}
""".replace("WIDTH", str(e.WIDTH))


def document(title: str, sections: Sequence[tuple[str, str, str]], written: datetime, banner: str, meaning: str) -> str:
    """The whole file.

    Args:
        title: of the report, as plain text.
        sections: (title, the request in a line, content as HTML).
        written: when the report was written.
        banner: what the file holds and how to treat it.
        meaning: what its numbers mean, as Markdown of paragraphs.
    """
    scripts = [get_plotlyjs(), f"const CONFIG = {json.dumps(_CONFIG)};{_DRAW}"]
    body = "".join(
        f'<section id="r{i}"><h2>{e.escape(name)}</h2><p class="about">{e.escape(about)}</p>{content}</section>'
        for i, (name, about, content) in enumerate(sections, 1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" '
        f'content="no-referrer"><title>{e.escape(title)}</title><style>{_CSS}</style></head><body>'
        f'<h1>{e.escape(title)}</h1><p class="written">Written {written:%Y-%m-%d %H:%M} with FIL Explorer.</p>'
        f'<p class="banner">{e.escape(banner)}</p>{_contents(sections)}'
        "<noscript><p>Figures need JavaScript; the tables show the numbers without it.</p>"
        f"</noscript><main>{body}{_meaning(meaning)}</main>"
        f"{''.join(f'<script>{script}</script>' for script in scripts)}</body></html>\n"
    )


def _meaning(meaning: str) -> str:
    """What the measures are and are not."""
    paragraphs = "".join(e.sentence(one, "note") for one in meaning.split("\n\n"))
    return f"<section><h2>What the numbers mean</h2>{paragraphs}</section>"


def _policy(scripts: Sequence[str]) -> str:
    """A content security policy that allows nothing but these two scripts."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )


def _contents(sections: Sequence[tuple[str, str, str]]) -> str:
    if len(sections) < 2:
        return ""
    entries = "".join(
        f'<li><a href="#r{i}">{e.escape(name)}</a> <span class="about">{e.escape(about)}</span></li>'
        for i, (name, about, _) in enumerate(sections, 1)
    )
    return f'<nav aria-label="Contents"><ol>{entries}</ol></nav>'
