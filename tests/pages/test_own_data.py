"""The page Own data: summary of a file, choices, checks, and the measures of the data set."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness import PAGES, app, fresh_server, plain, sidebar, words  # noqa: F401 - a fixture of every test here
from PIL import Image
from streamlit.testing.v1 import AppTest

from fil_core.data.own import Choices, add, register, registered
from fil_core.data.own.directory import own_directory
from fil_core.data.own.uploads import find_upload, save_upload
from fil_core.engine import Engine
from fil_core.engine.uploads import keep_parameters, keep_scores
from fil_core.specs import DataSpec

OWN = "pages/own_data.py"


@pytest.fixture
def patients() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 80
    frame = pd.DataFrame(
        {
            "patient": [f"P-{i:03d}" for i in range(n)],
            "age": rng.integers(20, 90, n),
            "region": rng.choice(["north", "south", "west"], n),
            "dose": rng.normal(5, 1, n).round(2),
        }
    )
    frame["ill"] = np.where(frame["age"] + rng.normal(0, 20, n) > 55, "yes", "no")
    frame.loc[4, "dose"] = np.nan
    return frame


def uploaded(frame: pd.DataFrame) -> str:
    """The name of the table as an uploaded file."""
    return save_upload(frame.to_csv(index=False).encode(), ".csv").name


def choose(at: AppTest, key: str, value: object) -> AppTest:
    widget = next(w for kind in ("selectbox", "multiselect", "slider") for w in at.get(kind) if w.key.startswith(key))
    return widget.set_value(value).run()


def table(at: AppTest, column: str) -> pd.DataFrame:
    """The last table shown that has a column."""
    return [d.value for d in at.dataframe if column in d.value.columns][-1]


def checked(name: str, **choices: object) -> AppTest:
    at = app(OWN, file=name)
    for key, value in choices.items():
        at = choose(at, f"own-{key.replace('_', '-')}", value)
    at.button(key="own-check").click().run()
    assert not at.exception
    return at


def test_without_a_file_the_page_lists_the_supported_formats():
    at = app(OWN)
    assert not at.exception
    assert all(suffix in words(at) for suffix in (".csv", ".parquet", ".npz", ".npy", ".zip"))


def test_a_file_shows_its_columns_and_their_encoding(patients):
    at = app(OWN, file=uploaded(patients))
    columns = table(at, "encoding").set_index("name")
    assert columns.loc["region", "encoding"] == "2 columns, baseline level west"
    assert columns.loc["patient", "encoding"].startswith("not a feature")
    assert columns.loc["dose", "encoding"] == "number"
    assert columns.loc["dose", "missing"] == 1
    assert at.multiselect(key="own-left-out-None-").value == ["patient"]
    assert at.button(key="own-check").disabled  # no target yet


def test_missing_values_need_a_choice_and_are_noted(patients):
    name = uploaded(patients)
    at = checked(name, target="ill", id="patient")
    assert "1 of 80 rows has missing values, in 'dose' (1)" in plain(at.error[0].value)
    at = checked(name, target="ill", id="patient", missing="fill")
    assert not at.error
    assert "1 missing value of dose" in words(at)
    assert [m.value for m in at.metric][:3] == ["64", "16", "4"]


def test_checked_data_is_measured_on_every_page_with_its_ids(patients):
    at = checked(uploaded(patients), target="ill", id="patient", missing="drop", sensitive=["region"])
    assert len(registered()) == 1
    entry = registered()[0]
    assert entry.choices.sensitive == ("region",)
    for page in PAGES:
        at = app(page, data=entry.name, model="logistic")
        assert not at.exception
        assert not at.error
    at = app(PAGES[0], data=entry.name, model="logistic")
    assert "P-0" in words(at)  # id of the leakiest example
    at = app(PAGES[1], data=entry.name, model="logistic")
    assert at.selectbox(key="attribute").options[1] == "region"  # the sensitive one comes first
    assert len(table(at, "eta_region"))


def test_redaction_hides_rows_and_names(patients):
    name = uploaded(patients)
    at = sidebar(app(OWN, file=name), redact=True)
    assert not [d for d in at.dataframe if "dose" in d.value.columns]
    checked(name, target="ill", id="patient", missing="drop")
    at = app(PAGES[1], data=registered()[0].name, model="logistic", redact="true")
    assert not at.exception
    assert set(map(type, table(at, "leverage").index)) == {int}  # numbers of rows in the place of names


def test_the_list_of_data_sets_stays_below_the_error_of_a_bad_file(patients, tmp_path):
    patients.dropna().to_csv(tmp_path / "good.csv", index=False)
    add(tmp_path / "good.csv", Choices(target="ill", id="patient"))
    bad = save_upload(b"a,b\n1,2\n3", ".csv").name
    at = app(OWN, file=bad)
    assert "expected 2 entries in the last row; got 1" in plain(at.error[0].value)
    assert bad not in plain(at.error[0].value)  # the user knows it by its original name
    assert "Your data sets" in words(at) and "good.csv" in plain(words(at))
    at = app(OWN, file=bad, redact="true")
    assert "hidden while Redact is on" in at.error[0].value and "got 1" not in at.error[0].value


@pytest.mark.parametrize("name", ["0" * 64 + ".csv", "../../etc/passwd"])
def test_a_link_to_a_deleted_file_asks_for_a_new_upload(name):
    at = app(OWN, file=name)
    assert "Upload it again" in at.info[0].value


def test_deleted_data_is_not_listed_and_a_link_to_it_warns(patients, tmp_path):
    patients.dropna().to_csv(tmp_path / "good.csv", index=False)
    entry = add(tmp_path / "good.csv", Choices(target="ill", id="patient"))
    at = app(OWN)
    at.button(key=f"delete-{entry.name}").click().run()
    assert not registered()
    at = app(PAGES[0], data=entry.name)
    assert not at.exception
    assert "has been deleted" in at.warning[0].value


def test_a_damaged_data_set_is_told_until_it_is_deleted(patients, tmp_path):
    patients.dropna().to_csv(tmp_path / "good.csv", index=False)
    entry = add(tmp_path / "good.csv", Choices(target="ill", id="patient"))
    (own_directory() / entry.name[-12:] / "manifest.json").write_text("{")
    at = app(OWN)
    assert "damaged" in at.warning[0].value
    at.button(key="delete-damaged").click().run()
    assert not at.exception and not at.warning
    assert not (own_directory() / entry.name[-12:]).exists()


def test_deleting_the_checked_data_deletes_its_file_as_well(patients):
    name = uploaded(patients.dropna())
    at = checked(name, target="ill", id="patient")
    (entry,) = registered()
    at.button(key=f"delete-{entry.name}").click().run()
    assert not at.exception and not registered()
    assert find_upload(name) is None


def test_a_page_shows_other_data_when_its_data_is_deleted(patients, tmp_path):
    patients.dropna().to_csv(tmp_path / "good.csv", index=False)
    entry = add(tmp_path / "good.csv", Choices(target="ill", id="patient"))
    at = app(PAGES[0], data=entry.name, l2="0", subset="20")
    assert at.metric and not at.error
    register.remove(entry.name)
    at.run()
    assert not at.exception and not at.error and at.metric
    assert at.sidebar.selectbox(key="data").value == "digits"


def test_redaction_hides_values_in_the_summary_of_columns(patients):
    patients["note"] = [*map(str, range(len(patients) - 1)), "HIV+"]
    name = uploaded(patients)
    assert "HIV+" in str(table(app(OWN, file=name), "encoding")["encoding"].tolist())
    assert "HIV+" not in str(table(app(OWN, file=name, redact="true"), "encoding")["encoding"].tolist())


def test_the_notation_that_a_file_suggests_is_shown_and_can_be_changed(patients):
    frame = patients.assign(dose=[f"{1000 + i:,}".replace(",", ".") for i in range(len(patients))])
    frame["price"] = [f"1.{i:03d},5" for i in range(len(patients))]
    name = uploaded(frame)
    at = app(OWN, file=name)
    marks = {box.label: box.value for box in at.selectbox if box.label in ("Decimal mark", "Between thousands")}
    assert marks == {"Decimal mark": ",", "Between thousands": "."}
    columns = table(at, "encoding").set_index("name")
    assert columns.loc["price", "kind"] == "number"
    at = choose(at, "own-target", "ill")
    at = choose(at, "own-id", "patient")
    at.button(key="own-check").click().run()
    assert not at.exception and not at.error
    assert (registered()[0].choices.decimal, registered()[0].choices.thousands) == (",", ".")
    at = choose(at, "own-thousands", "")
    assert table(at, "encoding").set_index("name").loc["price", "encoding"].startswith("error, not a number: '1.000,5'")


def test_texts_that_stand_for_missing_values_are_shown_and_chosen(patients):
    frame = patients.dropna().assign(
        region=lambda f: ["NA", "north", "unknown"] * (len(f) // 3) + ["north"] * (len(f) % 3)
    )
    at = app(OWN, file=uploaded(frame))
    columns = table(at, "encoding").set_index("name")
    assert columns.loc["region", "read as missing"].startswith("NA (")
    at = choose(at, "own-missing-texts", ["unknown"])
    columns = table(at, "encoding").set_index("name")
    assert columns.loc["region", "read as missing"].startswith("unknown (")
    for key, value in {"own-target": "ill", "own-id": "patient", "own-missing": "drop"}.items():
        at = choose(at, key, value)
    at.button(key="own-check").click().run()
    assert not at.exception and not at.error
    assert registered()[0].choices.missing_texts == ("unknown",)
    at = app(OWN, file=uploaded(frame), redact="true")
    assert "NA (" not in str(table(at, "encoding")["read as missing"].tolist())


def test_dates_and_row_numbers_are_left_out_until_they_are_chosen(patients):
    frame = patients.dropna().assign(
        day=lambda f: ["2026-01-01", "2026-02-01", "2026-03-01"] * (len(f) // 3) + ["2026-01-05"] * (len(f) % 3)
    )
    frame.insert(0, "", range(len(frame)))
    at = app(OWN, file=uploaded(frame))
    assert at.multiselect(key="own-left-out-None-").value == ["Unnamed: 0", "patient", "day"]
    at = choose(at, "own-target", "ill")
    at = choose(at, "own-id", "patient")
    at = choose(at, "own-dates", "days")
    assert at.multiselect(key="own-left-out-ill-patient-days").value == ["Unnamed: 0"]
    at.button(key="own-check").click().run()
    assert not at.exception and not at.error
    assert registered()[0].choices.dates == "days"
    assert "days since 2026-01-01" in words(at)


def test_images_of_different_sizes_need_a_size(tmp_path):
    import zipfile

    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "i.zip", "w") as archive:
        for label in ("cats", "<b>dogs"):
            for i in range(12):
                buffer = io.BytesIO()
                side = 8 if i else 9
                Image.fromarray(rng.integers(0, 255, (side, side), dtype=np.uint8)).save(buffer, "PNG")
                archive.writestr(f"{label}/{i}.png", buffer.getvalue())
    name = save_upload((tmp_path / "i.zip").read_bytes(), ".zip").name
    at = app(OWN, file=name)
    at.button(key="own-check").click().run()
    assert "expected images of one size" in plain(at.error[0].value)
    at.text_input(key="own-size").set_value("8x8").run()
    at.button(key="own-check").click().run()
    assert not at.error
    at = app(PAGES[2], data=registered()[0].name, model="logistic", l2="0.01")
    assert not at.exception
    assert not at.error


def test_arrays_with_a_split_of_their_own_are_asked_for_no_fraction():
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    np.savez(
        buffer, X=rng.normal(size=(40, 3)), y=np.arange(40) % 2, X_test=rng.normal(size=(9, 3)), y_test=[0, 1, 1] * 3
    )
    at = app(OWN, file=save_upload(buffer.getvalue(), ".npz").name)
    assert "own-fraction" not in [one.key for one in at.slider]
    at.button(key="own-check").click().run()
    assert not at.exception and not at.error
    assert (registered()[0].rows, registered()[0].health["test_rows"]) == (40, 9)


def test_own_scores_are_shown_beside_eta(patients, tmp_path):
    patients.dropna().to_csv(tmp_path / "good.csv", index=False)
    entry = add(tmp_path / "good.csv", Choices(target="ill", id="patient"))
    engine = Engine()
    dataset = engine.dataset(DataSpec(name=entry.name))
    scores = pd.DataFrame({"id": dataset.id_names[:-1], "mine": np.arange(dataset.n - 1.0)})
    name = keep_scores(engine.store, scores, dataset)
    at = app(PAGES[1], data=entry.name, model="logistic", scores=name)
    assert not at.exception
    assert "your mine" in at.dataframe[0].value.index
    assert table(at, "mine")["mine"].isna().sum() == 1
    assert "lack 1 of the" in words(at)
    at = app(PAGES[1], scores=name)  # of other data
    assert not at.exception
    assert "another choice of examples" in plain(at.warning[0].value)


def test_pretrained_parameters_that_are_not_an_optimum_are_refused(patients, tmp_path):
    patients.dropna().to_csv(tmp_path / "good.csv", index=False)
    entry = add(tmp_path / "good.csv", Choices(target="ill", id="patient"))
    name = keep_parameters(Engine().store, np.ones(entry.features))
    at = app(PAGES[0], data=entry.name, model="logistic", parameters=name)
    assert not at.exception
    assert "expected an optimum of logistic" in plain(at.error[0].value)


def test_uploads_are_named_by_their_content(patients):
    name = uploaded(patients)
    assert Path(name).name == name
    assert name == uploaded(patients)
