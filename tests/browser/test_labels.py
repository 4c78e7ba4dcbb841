"""Names from the data are text wherever they are shown: no link, picture, formula or sign is made of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from driving import ROOT, Server, settled
from live import connected, free_port
from playwright.sync_api import Browser, Page, expect

from fil_core.__main__ import main
from fil_core.data.own import Choices, add

pytestmark = pytest.mark.browser

ODD = [
    "www.example.org", "https://a.example/x?y=1", "HTTP://A.B/c", "mail@example.org", "xmpp:a@b.c", "[a](http://b)",
    ":red[x]", "$x$", "<b>b</b>", ":material/home:", ":smile:", ":streamlit:", "a:b:c", "**x** _a_ `c` ~~x~~", "# t",
    "1. x", "- x", "> q", "| a | b |", "->", "a >= b <= c ~= d -- e <-> f <- g -> h", "&amp; &lt;", "\\", "[^1]",
    "![i](http://x/y.png)", "<http://a.b>", "wwww.x.org", "(www.y.z)", ":x[y]{z}", "a:small[]b", "user.name@x-y.co.uk",
    "$5 and $6", "&#46;", "a|b", "***",
]  # fmt: skip
ELEMENTS = {
    "text": "st.markdown(shown)", "title": "st.title(shown, anchor=False)", "caption": "st.caption(shown)",
    "error": "st.error(shown)", "button": "st.button(shown, key=key)", "check": "st.checkbox(shown, key=key)",
    "choice": "st.segmented_control('c', [label], format_func=safe, key=key, label_visibility='collapsed')",
    "metric": "st.metric(shown, '1')", "amid": "st.markdown(f'**{shown}**, x {shown}: y')",
}  # fmt: skip


@pytest.fixture
def all_labels(tmp_path: Path) -> Iterator[int]:
    """The port of an app that shows every label in every kind of element."""
    head = "import json, streamlit as st\nfrom pages.common.text import safe\n"
    loop = f"for i, label in enumerate(json.loads({json.dumps(ODD)!r})):\n    shown = safe(label)\n"
    line = "    with st.container(key=f'{0}-{{i}}'): key = f'{0}{{i}}'; {1}\n"
    script, port = tmp_path / "labels.py", free_port()
    script.write_text(head + loop + "".join(line.format(name, code) for name, code in ELEMENTS.items()))
    options = ["--server.port", str(port), "--server.headless", "true"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while True:
        try:
            connected(port).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    process.kill()
    process.wait(10)


MADE = "[data-testid=stMain] :is(a[href], img, .katex, em, strong em, code, del)"


def test_every_label_is_shown_as_it_is(all_labels: int, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{all_labels}/")
    expect(page.locator(f".st-key-amid-{len(ODD) - 1}")).to_be_visible()
    settled(page)
    shown = page.evaluate(
        "names => Object.fromEntries(names.map(name => [name, document.querySelector('.st-key-' + name).innerText]))",
        [f"{name}-{i}" for name in ELEMENTS for i in range(len(ODD))],
    )
    assert page.locator(MADE).count() == 0
    for i, label in enumerate(ODD):
        for name in ELEMENTS:
            expected = f"{label}, x {label}: y" if name == "amid" else label
            got = shown[f"{name}-{i}"].strip()
            assert got.removesuffix("\n\n1").strip() == expected, (name, label, got)
    page.close()


# Columns, levels, classes and ids of a table whose every name would be something else in Markdown or HTML.
COLUMNS = ["www.example.org", "[a](http://b.example)", "mail@example.org <b>bold</b>", ":material/home:"]
CLASSES = ["https://yes.example", "<a href='http://no.example'>no</a>"]
LEVELS = ["www.level.example", "$x$ :red[x]"]


def odd_table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 60
    values = {name: rng.normal(size=n).round(3) for name in COLUMNS[:2]}
    frame = pd.DataFrame(values | {COLUMNS[2]: rng.choice(LEVELS, n)})
    frame[COLUMNS[3]] = [f"https://{i}.example/<b>{i}</b>" for i in range(n)]
    frame[":smile: target"] = np.where(frame[COLUMNS[0]] + rng.normal(size=n) > 0, *CLASSES)
    return frame


OUTSIDE = """() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href') ?? a.getAttribute('xlink:href'))
  .filter(a => a && !a.startsWith('#') && new URL(a, location.href).origin !== location.origin)"""
BOLD = """() => [...document.querySelectorAll('svg tspan, svg text, b')]
  .filter(one => /^b?old$|^no$/.test(one.textContent.trim())).length"""


def nothing_made(page: Page) -> None:
    settled(page)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(BOLD) == 0
    assert page.locator("[data-testid=stMain] .katex, [data-testid=stMain] img[alt='😄']").count() == 0
    assert page.get_by_test_id("stException").count() == 0


def test_no_page_makes_anything_of_the_names_of_a_table(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("FIL_STORE_DIR", str(store))
    path = tmp_path / "www.file.example [a](http:||b) mail@example.org <b>.csv"
    odd_table().to_csv(path, index=False)
    choices = Choices(target=":smile: target", id=COLUMNS[3], sensitive=(COLUMNS[2],))
    name = add(path, choices, title=path.name).name
    server = Server(store)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{server.url}/own_data")
    settled(page)
    page.locator("[data-testid='stMain'] input[type=file]").set_input_files(path)
    expect(page.get_by_text("How to read this file")).to_be_visible(timeout=20_000)
    nothing_made(page)
    other = quote(f"eta_{COLUMNS[2]}")
    for where in ("", "leakage", f"leakage?against={other}", "examples?id=4", "attacks", "results"):
        page.goto(f"{server.url}/{where}{'&' if '?' in where else '?'}data={name}&model=logistic&l2=0.01")
        nothing_made(page)
        shown = page.get_by_test_id("stApp").inner_text()
        assert ":small[" not in shown and "\\." not in shown, where
        assert page.get_by_test_id("stMain").get_by_test_id("stAlert").count() == 0, where
    server.stop()
    report = tmp_path / "r.html"
    assert main(["report", "--data", name, "--model", "logistic", "--l2", "0.01", "--out", str(report)]) == 0
    page.goto(report.as_uri())
    page.locator("svg .xtitle").first.wait_for()
    assert page.evaluate(OUTSIDE) == [] and page.evaluate(BOLD) == 0
    shown = page.locator("body").inner_text()
    assert CLASSES[1] in shown and path.name in shown
    page.close()
