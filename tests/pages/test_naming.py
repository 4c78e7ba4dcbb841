"""Examples go by the ids of their source in every table, sentence and export, and can be opened by them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness import ATTACKS, MITIGATIONS, PAGES, app, fresh_server, plain, words  # noqa: F401 - the fixture works by it
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, FilRequest, ModelSpec
from fil_core.data.own import Choices, add
from fil_core.dataset import Dataset
from pages.common import widgets
from pages.views.results import actions

EXAMPLES = PAGES[2]
MODEL = {"model": "logistic", "l2": "0.01"}


@pytest.fixture
def coded(tmp_path: Path) -> Dataset:
    """Sixty people whose ids are numbers with zeros before, so that a row number is nobody's id."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    frame["town"] = rng.choice(["WREN", "FINCH"], 60)
    frame["ill"] = np.where(frame["a"] + rng.normal(size=60) > 0, "yes", "no")
    frame["who"] = [f"00{i}" for i in range(60)]
    frame.to_csv(tmp_path / "coded.csv", index=False)
    entry = add(tmp_path / "coded.csv", Choices(target="ill", id="who", test_fraction=0.0))
    return Engine().dataset(DataSpec(name=entry.name))


def name_of(data: Dataset) -> str:
    from fil_core.data.own import registered

    return registered()[0].name


def of_examples(at: AppTest) -> list[pd.DataFrame]:
    return [one.value for one in at.dataframe if one.value.index.name == "id"]


@pytest.mark.parametrize("page", [*PAGES, MITIGATIONS, ATTACKS])
def test_every_table_of_examples_has_the_ids_of_the_source(page: str, coded: Dataset, exported: list) -> None:
    at = app(page, data=name_of(coded), **MODEL, attack="attribute inference", id="5")
    assert not at.exception and not at.error
    known = set(coded.id_names)
    tables = of_examples(at)
    assert tables or page == MITIGATIONS
    assert all(set(table.index) <= known for table in tables)
    assert exported or page in (PAGES[0], MITIGATIONS)
    assert all(set(table.index) <= known for table in exported)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[pd.DataFrame]:
    """The tables that a page offers as files."""
    found: list[pd.DataFrame] = []

    def button(label: str, content: object, *rest: object, **options: object) -> None:
        assert callable(content)
        content()

    monkeypatch.setattr(widgets.st, "download_button", button)
    monkeypatch.setattr(widgets, "to_csv_bytes", lambda frame: found.append(frame) or b"")
    return found


def test_points_say_the_ids_of_the_source_and_keep_their_numbers(coded: Dataset) -> None:
    for redact in ("false", "true"):
        at = app(PAGES[1], data=name_of(coded), **MODEL, redact=redact)
        drawn = [json.loads(one.proto.spec) for one in at.get("plotly_chart")]
        points = [t for one in drawn for t in one["data"] if "example %{" in (t.get("hovertemplate") or "")]
        assert points and all("customdata" in trace for trace in points)
        said = {text for trace in points for text in trace.get("text") or ()}
        assert said == (set(coded.id_names) if redact == "false" else set())


def test_an_example_is_opened_by_its_own_id(coded: Dataset) -> None:
    at = app(EXAMPLES, data=name_of(coded), **MODEL)
    at.text_input(key="id-name").set_value("0017").run()
    assert not at.exception
    assert any(plain(one.value).startswith("Example 0017") for one in at.subheader)
    assert at.number_input(key="id").value == 17
    at.number_input(key="id").set_value(3).run()
    assert at.text_input(key="id-name").value == "003"
    at.text_input(key="id-name").set_value("17").run()  # nobody's id, and not the row 17
    assert "expected the id of one of the 60" in plain(at.warning[0].value)
    assert at.number_input(key="id").value == 3


def test_an_example_is_attacked_by_its_own_id(coded: Dataset) -> None:
    at = app(ATTACKS, data=name_of(coded), **MODEL, attack="reconstruction")
    assert at.text_input(key="id-name").value == "000"
    at.text_input(key="id-name").set_value("008").run()
    assert not at.exception and at.number_input(key="id").value == 8


def test_redacted_examples_go_by_numbers_and_no_level_is_told(coded: Dataset) -> None:
    for page in (*PAGES, ATTACKS):
        at = app(page, data=name_of(coded), **MODEL, redact="true", id="5", attack="attribute inference")
        assert not at.exception
        assert not [one for one in at.text_input if one.key == "id-name"]
        assert all(set(map(type, table.index)) <= {int} for table in of_examples(at))
        said = words(at) + " ".join(one.value for one in at.code) + " ".join(str(one.value) for one in at.dataframe)
        assert not re.search(r"WREN|FINCH|(?<![.\d])00\d+(?!\d)", said)


def test_a_stored_result_is_exported_under_the_ids_of_the_source(coded: Dataset) -> None:
    engine = Engine()
    request = FilRequest(data=DataSpec(name=name_of(coded)), model=ModelSpec(kind="logistic", l2=0.01))
    engine.get(request)
    key = engine.key(request)
    assert set(actions.table_of(engine, key, request, False).index) == set(coded.id_names)
    assert actions.table_of(engine, key, request, True).index.tolist() == coded.ids.tolist()


def test_a_picture_goes_by_the_name_of_its_file_unless_that_is_redacted(tmp_path: Path) -> None:
    from PIL import Image

    for label in ("WREN", "FINCH"):
        (tmp_path / "birds" / label).mkdir(parents=True)
        for i in range(12):
            pixels = np.random.default_rng(i + 50 * (label == "WREN")).integers(0, 256, (4, 4), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "birds" / label / f"seen {i:02d}.png")
    data = Engine().dataset(DataSpec(name=add(tmp_path / "birds", Choices(test_fraction=0.0)).name))
    at = app(EXAMPLES, data=name_of(data), **MODEL)
    at.text_input(key="id-name").set_value("WREN/seen 05.png").run()
    assert not at.exception
    assert any(plain(one.value).startswith("Example WREN/seen 05.png") for one in at.subheader)
    assert at.number_input(key="id").value == 17  # after the twelve finches
    at = app(EXAMPLES, data=name_of(data), **MODEL, redact="true", id="17")
    assert "seen" not in words(at) and "WREN" not in words(at)
