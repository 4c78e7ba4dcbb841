"""The report: whole in one file, true to the result, silent about what is redacted, and safe to open."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import io
import json
import os
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plotly.offline import get_plotlyjs

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.reproduce import command
from fil_core.data.own import Choices, add
from fil_core.display import charts
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadRequest, DataUnavailable
from fil_core.report import report, write
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Dropping, Irfil

WRITTEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
DIGITS = {"data": DataSpec(name="digits", classes=("3", "8")), "model": ModelSpec(kind="logistic", l2=1e-3)}
DIABETES = {"data": DataSpec(name="diabetes"), "model": ModelSpec(l2=1e-2)}
REQUESTS = {
    "fil": FilRequest(**DIGITS),
    "fil of a table": FilRequest(**DIABETES, attribute=("sex",)),
    "attribute inference": AttributeRequest(**DIABETES, attribute="sex", trials=5),
    "reconstruction": ReconstructionRequest(**DIGITS, ids=(13,), trials=2, sigmas=(0.0, 1e-3)),
    "reconstruction of a table": ReconstructionRequest(**DIABETES, ids=(102,), trials=2, sigmas=(0.0, 1e-3)),
    "irfil": IrfilRequest(**DIGITS, weights=Irfil(iterations=2)),
    "irfil by class": IrfilRequest(**DIGITS, weights=Irfil(method="class", iterations=2)),
    "release": ReleaseRequest(**DIABETES, sigma=0.1, attribute="sex", trials=2, draws=5),
}
HOSTILE = ("<img src=x onerror=alert(1)>", "</script><b>**&amp;")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return Engine(Store(tmp_path_factory.mktemp("report-store")))


@pytest.fixture(scope="module")
def results(engine):
    return {name: (request, engine.get(request)) for name, request in REQUESTS.items()}


@pytest.fixture
def written(engine):
    def make(*pairs, redact=False, datasets=None, **more):
        return report(list(pairs), datasets or engine.dataset, redact=redact, written=WRITTEN, **more)

    return make


def words(page):
    """What a person reads: without the scripts, the styles and the markup."""
    bare = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", own(page), flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", " ", bare))


def own(page):
    """All but Plotly's own code."""
    return page.replace(get_plotlyjs(), "")


def figures(page):
    return [json.loads(held) for held in re.findall(r'<script type="application/json">(.*?)</script>', own(page), re.S)]


def images(page):
    held = re.findall(r'src="data:image/png;base64,([^"]+)"', own(page))
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in held]


@pytest.mark.parametrize("name", REQUESTS)
def test_every_kind_of_result_has_a_sentence_figures_and_provenance(name, results, written):
    request, result = results[name]
    page = written((request, result))
    said = words(page)
    assert figures(page) and all(figure["data"] for figure in figures(page))
    assert 'class="answer"' in page and "**" not in said
    assert result.provenance["data"]["fingerprint"] in said and result.provenance["created"] in said
    assert "Reproduce this" in said and command(request) in said
    assert all(warning in said for warning in result.provenance["warnings"])


def test_the_finding_is_that_of_the_result(results, written):
    request, result = results["fil"]
    page = written((request, result), top=3)
    top = result.table["eta"].nlargest(3)
    assert f"Example {top.index[0]} is the most exposed" in re.sub(" +", " ", words(page))
    assert [int(id) for id in re.findall(r"#\d+ · (\d+)</span>", own(page))] == list(top.index)
    dataset = Engine().dataset(request.data)
    assert all(np.array_equal(a, b) for a, b in zip(images(page), dataset.images(np.searchsorted(dataset.ids, top.index)), strict=True))  # noqa: E501 # fmt: skip


def test_the_noise_of_a_result_is_in_its_axis(engine, written):
    request = FilRequest(**DIABETES, sigma=0.25)
    assert "σ = 0.25" in figures(written((request, engine.get(request))))[0]["layout"]["xaxis"]["title"]["text"]


def test_the_same_arguments_give_the_same_file(results, written):
    pairs = [results["fil"], results["attribute inference"]]
    assert written(*pairs) == written(*pairs)


def test_plotly_is_inside_once_and_nothing_is_asked_for(results, written):
    page = written(*results.values())
    assert page.count(get_plotlyjs()) == 1
    outside = own(page)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', outside)
    assert "chart-studio" not in outside and "http" not in re.sub(r"http-equiv", "", outside)
    config = json.loads(re.search(r"const CONFIG = (\{.*?\});", outside)[1])
    assert not config["displaylogo"] and not config["showLink"] and not config["plotlyServerURL"]


def test_the_policy_allows_the_two_scripts_that_are_there_and_no_others(results, written):
    page = written(results["fil"])
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    scripts = re.findall(r"<script>(.*?)</script>", page.replace(get_plotlyjs(), "PLOTLY"), re.S)
    scripts = [script.replace("PLOTLY", get_plotlyjs()) for script in scripts]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes and len(hashes) == 2
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy


def test_several_results_have_a_table_of_contents_that_leads_to_each(results, written):
    page = written(*results.values())
    linked = re.findall(r'<li><a href="#(r\d+)">', page)
    assert linked == re.findall(r'<section id="(r\d+)">', page) and len(linked) == len(REQUESTS)
    assert "<nav" not in written(results["fil"])


# --- redaction --------------------------------------------------------------------------------------------------------


def test_redacted_pictures_are_coarse(results, written):
    def colours(redact, name):
        return [len(np.unique(image)) for image in images(written(results[name], redact=redact))]

    for name in ("fil", "reconstruction"):
        assert min(colours(False, name)) > 4 >= max(colours(True, name))  # 8 × 8 pixels in 2 × 2 blocks


def test_a_redacted_table_masks_labels_and_values(results, written, engine):
    request, result = results["fil of a table"]
    top = result.table["eta"].idxmax()
    record = engine.dataset(request.data).records(np.array([engine.dataset(request.data).row(top)])).iloc[0]
    cell = f'<td class="number">{record["bmi"]:.1f}</td>'
    assert cell in written((request, result), top=1)
    page = written((request, result), top=1, redact=True)
    assert cell not in page and "•••" in page and "loss" not in words(page).split("Provenance")[0]


def test_years_are_written_as_years(engine, written, tmp_path):
    rng = np.random.default_rng(2)
    years = np.repeat(np.arange(1980, 2010), 2)
    table = pd.DataFrame({"built": years, "size": rng.normal(size=60), "sold": years + rng.integers(2, 9, 60)})
    table.to_csv(tmp_path / "houses.csv", index=False)
    entry = add(tmp_path / "houses.csv", Choices(target="sold", task="regression"))
    data, model = DataSpec(name=entry.name, preprocess="none"), ModelSpec(l2=1e-2)
    first = int(engine.dataset(data).ids[0])
    several = [
        FilRequest(data=data, model=model),
        ReconstructionRequest(data=data, model=model, ids=(first,), trials=2),
    ]
    page = words(written(*((request, engine.get(request)) for request in several)))
    assert str(table["built"][first]) in page
    assert not re.findall(r"\b[12],[09][0-9]{2}\b", page)


def test_a_redacted_report_tells_no_class(results, written):
    page = written(results["fil"], results["release"], results["attribute inference"], redact=True)
    assert "of class" not in words(page) and "By class" not in words(page) and "success of" not in words(page)
    names = [trace.get("name") for figure in figures(page) for trace in figure["data"]]
    assert not {"3", "8"} & set(names)


def test_redacted_weights_by_class_show_no_change(results, written):
    page = written(results["irfil by class"], redact=True)
    assert "the change reveals the class" in words(page) and "Before and after" not in words(page)
    assert "Before and after" in words(written(results["irfil"], redact=True))


# --- data that are not there ------------------------------------------------------------------------------------------


def test_changed_data_are_not_shown_beside_old_numbers(results, written, engine):
    def others(spec):
        return dataclasses.replace(engine.dataset(spec), fingerprint="f" * 64)

    page = written(*results.values(), datasets=others)
    assert not images(page) and "have changed since they were measured" in words(page)


def test_missing_data_leave_the_numbers_and_say_so(results, written):
    def gone(spec):
        raise DataUnavailable("the file was deleted")

    page = written(*results.values(), datasets=gone)
    assert "not shown: the file was deleted" in words(page) and len(figures(page)) > len(REQUESTS)


# --- what it refuses --------------------------------------------------------------------------------------------------


def test_nothing_is_refused_and_parts_are_not(written, results, engine):
    with pytest.raises(BadRequest, match="at least one result"):
        written()
    example = ExampleRequest(**DIGITS, id=13)
    assert "example <strong>13</strong>" in written((example, engine.get(example)))
    for top in (0, 1001):
        with pytest.raises(BadRequest, match="top"):
            written(results["fil"], top=top)


@pytest.mark.parametrize(("name", "match"), [("a.pdf", "ending in .html"), ("none/a.html", "existing folder")])
def test_a_path_that_cannot_be_is_refused(tmp_path, name, match):
    with pytest.raises(BadRequest, match=match):
        write("x", tmp_path / name)


def test_a_file_that_cannot_be_replaced_stays_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    write("old", path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BadRequest, match="No space left"):
        write("new", path)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.html"]


# --- hostile names ----------------------------------------------------------------------------------------------------


def hostile(results, engine):
    """Results whose classes, title, columns and attribute are named to do harm."""
    request, result = results["fil"]
    label = np.where(result.table["label"] == 3, *HOSTILE)
    data = result.provenance["data"] | {"title": HOSTILE[0], "notes": [HOSTILE[1]]}
    fil = dataclasses.replace(
        result, table=result.table.assign(label=label), provenance=result.provenance | {"data": data}
    )
    asked, table = results["fil of a table"]
    attack, guessed = results["attribute inference"]
    guessed = dataclasses.replace(guessed, summary=guessed.summary | {"attribute": HOSTILE[0]})

    def datasets(spec):
        found = engine.dataset(spec)
        return dataclasses.replace(found, source_names=HOSTILE + found.source_names[2:], groups={})

    return [(request, fil), (asked, table), (attack, guessed)], datasets


def test_names_are_text_wherever_they_stand(results, engine, written):
    pairs, datasets = hostile(results, engine)
    page = written(*pairs, datasets=datasets, title=HOSTILE[0])
    outside = own(page)
    assert "<img src=x" not in outside and "</script><b>" not in outside
    assert HOSTILE[0] in words(page) and HOSTILE[1] in words(page)
    names = {trace.get("name") for figure in figures(page) for trace in figure["data"]}
    assert charts.named(HOSTILE[0]) == "&lt;img src=x onerror=alert(1)&gt;" and charts.named(HOSTILE[0]) in names


def test_a_name_with_stars_is_not_bold(results, written):
    request, result = results["fil"]
    page = written((request, dataclasses.replace(result, table=result.table.assign(label="**x**"))))
    assert "of class **x**" in html.unescape(page)


# --- how to get it again ----------------------------------------------------------------------------------------------


def test_what_is_reweighted_or_has_a_prior_has_a_command_too(engine, results, written):
    reweighted = ReleaseRequest(**DIABETES, sigma=0.1, draws=5)
    reweighted = dataclasses.replace(reweighted, model=ModelSpec(l2=1e-2, weights=Dropping(k=3)))
    with_prior = FilRequest(**DIABETES, prior_std=0.5)
    for request in (reweighted, with_prior):
        assert command(request) in words(written((request, engine.get(request))))
    assert "--weights drop:3" in command(reweighted) and "--prior-std 0.5" in command(with_prior)
    assert "--example 3" in command(ExampleRequest(id=3))


def test_the_command_line_says_noise_and_seed():
    request = FilRequest(data=DataSpec(name="diabetes", subset=50, seed=7), sigma=0.5)
    assert "--seed 7" in command(request) and "--sigma 0.5" in command(request)
    assert "--sigma" not in command(FilRequest()) and "--seed" not in command(FilRequest())
    assert "--data 'own:a b'" in command(FilRequest(data=DataSpec(name="own:a b")))


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_browser_draws_it_asks_nobody_and_prints_it_uncut(browser, results, engine, written, tmp_path):
    pairs, datasets = hostile(results, engine)
    path = tmp_path / "report.html"
    write(written(*pairs, datasets=datasets), path)
    everything = tmp_path / "everything.html"
    write(written(*results.values()), everything)
    page = browser.new_page()
    asked, problems = [], []
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    for file in (path, everything):
        page.goto(file.as_uri())
        page.wait_for_function("document.querySelectorAll('.plot').length === document.querySelectorAll('.plot .main-svg:first-child').length")  # noqa: E501 # fmt: skip
        assert page.locator(".plot").count() == len(figures(file.read_text()))
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri(), everything.as_uri()]
    assert not problems
    page.set_viewport_size({"width": 687, "height": 1017})  # A4 less its margins, at 96 pixels an inch
    page.emulate_media(media="print")
    boxes = page.evaluate("[...document.querySelectorAll('figure, .row, table')].map(e => [e.tagName, e.getBoundingClientRect().right, e.getBoundingClientRect().height])")  # noqa: E501 # fmt: skip
    assert boxes and all(right <= 688 for _, right, _ in boxes)
    assert all(height < 1017 for tag, _, height in boxes if tag != "TABLE")
    content = page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type /Page\b", content))
    assert re.search(rb"/MediaBox \[0 0 59[45]\S* 84[12]", content)  # A4 in points
    assert len(REQUESTS) <= pages <= 4 * len(REQUESTS)
    page.close()


@pytest.mark.browser
def test_a_legend_shows_a_hostile_class_as_text(browser, results, engine, written, tmp_path):
    pairs, datasets = hostile(results, engine)
    path = tmp_path / "report.html"
    write(written(pairs[0], datasets=datasets), path)
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(".plot .legendtext")
    shown = set(page.locator(".plot .legendtext").all_text_contents())
    assert shown >= set(HOSTILE)
    assert page.locator(".plot img").count() == 0
    page.close()
