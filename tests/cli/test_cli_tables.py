"""What commands write and say of it: files only where there is a table, one kind of name for examples, true words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

TABLE = ["--data", "diabetes", "--subset", 80, "--l2", "1e-2"]


@pytest.fixture
def people(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": [f"P-{i}" for i in range(30)], "a": rng.normal(size=30), "b": rng.normal(size=30)})
    frame["t"] = ["lonely", *rng.choice(["x", "y"], 29)]
    frame.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def test_a_command_without_a_table_takes_no_file(run, tmp_path):
    code, _, err = run("fit", *TABLE, "--out", tmp_path / "fit.csv")
    assert code == 2 and "--out" in err and not (tmp_path / "fit.csv").exists()
    assert run("fit", *TABLE)[0] == 0


def test_neighbours_have_the_names_of_the_source(run, people, tmp_path):
    out = tmp_path / "out.csv"
    asked = ["neighbours", "--data", people, "--target", "t", "--id", "who", "--test-fraction", 0]
    assert run(*asked, "--preprocess", "none", "--out", out)[0] == 0
    table, source = pd.read_csv(out).set_index("id"), pd.read_csv(people).set_index("who")
    assert pd.isna(table.loc["P-0", "same_id"]) and pd.isna(table.loc["P-0", "same_distance"])  # alone in its class
    for kind in ("same", "other"):
        rows = table.dropna(subset=f"{kind}_id")
        there, here = source.loc[rows[f"{kind}_id"], ["a", "b"]], source.loc[rows.index, ["a", "b"]]
        np.testing.assert_allclose(
            np.linalg.norm(there.to_numpy() - here, axis=1), rows[f"{kind}_distance"], rtol=1e-12
        )
        same = source.loc[rows[f"{kind}_id"], "t"].to_numpy() == source.loc[rows.index, "t"].to_numpy()
        assert same.all() if kind == "same" else not same.any()


def test_an_example_is_told_by_the_names_of_its_columns(run):
    code, out, _ = run("example", *TABLE[:2], *TABLE[4:], "--example", 0)
    assert code == 0 and any(f" is {name}," in out for name in ("age", "sex", "bmi", "bp", "s1", "s2", "s5"))


def test_eta_of_an_attribute_is_called_so(run):
    assert "largest η of sex" in run("release", *TABLE, "--attribute", "sex")[1]
    assert "largest η is" in run("release", *TABLE)[1]


@pytest.mark.parametrize("sigmas", ["1,1", "0,0", "0,1,0.0"])
def test_a_noise_that_is_there_twice_is_named(run, sigmas):
    code, _, err = run("attack-attribute", *TABLE, "--attribute", "sex", "--sigmas", sigmas)
    assert code == 2 and f"got {float(sigmas[-1])!r} more than once" in err


def test_none_stands_by_itself(run):
    code, _, err = run("mitigate", *TABLE, "--methods", "none,sample")
    assert code == 2 and "none by itself" in err
    none = ["--methods", "none", "--drop", "none", "--l2s", "none", "--sigmas", "none", "--examples", 0]
    code, out, _ = run("mitigate", *TABLE, *none, "--draws", 3)
    assert code == 0 and out.count("as it is") == 1 and "σ =" not in out and "None" not in out


def test_no_message_ends_in_two_full_stops(run):
    for bad in ("drop:0", "given:", "irfil:bogus:3"):
        code, _, err = run("fil", *TABLE, "--weights", bad)
        assert code == 2 and ".." not in err
