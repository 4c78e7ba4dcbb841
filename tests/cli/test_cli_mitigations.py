"""The commands `irfil` and `mitigate`, and `--weights`: their contract, and how they say no."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from fil_core.engine import Engine
from fil_core.specs import DataSpec
from tests.analyses.example_requests import THREE_CLASSES
from tests.cli.test_cli import last_line as parsed

DIGITS = ["--data", "digits", "--classes", "3,8", "--subset", 100, "--model", "logistic"]
TABLE = ["--data", "diabetes", "--subset", 80, "--l2", "1e-3"]
LISTS = ["eta_mean", "eta_std", "eta_max", "train_score", "test_score"]
FEW = ["--trials", 3, "--draws", 5]

FAMILIES = ["as it is", "reweighting", "more noise", "larger penalty", "dropping"]
COLUMNS = [
    "name", "family", "sigma", "l2", "weights", "trained_on", "eta_max", "eta_mean", "eta_std", "attack", "attacker",
    "nothing_learnt", "test_score", "expected_score", "score_std", "attack_by_decile", "new_leakiest",
    "error",
]  # fmt: skip
MEASURED = [name for name in COLUMNS[5:15] if name != "attacker"]  # which only attributes have


def last_line(out):
    assert len(out.splitlines()) == 1
    return parsed(out)


def read(path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


# --- irfil ------------------------------------------------------------------------------------------------------------


def test_the_line_of_reweighting_has_a_number_for_each_round(run):
    code, out, err = run("irfil", *DIGITS, "--iterations", 8, "--json")
    line = last_line(out)
    assert code == 0
    for name in LISTS:
        assert len(line[name]) == 9
        assert all(map(math.isfinite, line[name]))
    assert line["iterations"] == 8 and line["weights"] == "irfil:sample:8"
    assert line["converged"] is True and line["seconds"] > 0 and (line["n"], line["d"]) == (100, 64)
    assert line["eta_std"][-1] < line["eta_std"][0] / 100
    assert line["eta_max"][-1] < line["eta_max"][0]
    assert "note: Eta takes the weights as constants." in err
    assert last_line(run("irfil", *DIGITS, "--iterations", 8, "--json")[1])["cached"] is True


def test_fifteen_rounds_by_sample_are_the_default(run):
    line = last_line(run("irfil", *TABLE, "--json")[1])
    assert line["weights"] == "irfil:sample:15" and len(line["eta_mean"]) == 16
    assert line["score"] == "mean squared error"


def test_fewer_rounds_where_eta_is_even_enough(run):
    asked = ["irfil", *DIGITS, "--method", "hybrid", "--iterations", 10, "--json"]
    whole, stopped = (last_line(run(*asked, *more)[1]) for more in ((), ("--spread", "0.01")))
    share = np.array(whole["eta_std"]) / whole["eta_mean"]
    assert 0 < stopped["iterations"] == int(np.argmax(share <= 0.01)) < 10
    assert len(stopped["eta_mean"]) == stopped["iterations"] + 1
    assert stopped["converged"] is True and stopped["weights"] == "irfil:hybrid:10:spread=0.01"


def test_what_did_not_converge_is_said_and_is_no_failure(run):
    code, out, err = run("irfil", *DIGITS, "--method", "class", "--iterations", 3, "--json")
    line = last_line(out)
    assert code == 0
    assert line["converged"] is False
    assert f"note: {line['why']}" in err and "never an example against its own" in line["why"]


def test_rounds_in_words_for_a_person(run):
    code, out, _ = run("irfil", *DIGITS, "--iterations", 2)
    assert code == 0
    head, *rounds = out.splitlines()[:4]
    assert head.split()[:3] == ["round", "eta", "mean"] and "test accuracy" in head
    assert [row.split()[0] for row in rounds] == ["0", "1", "2"]
    assert "of 100 examples leak more than before." in out and out.endswith("s.\n")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_weights_are_written_and_can_be_taken_up_again(run, tmp_path, suffix):
    path = tmp_path / f"weights.{suffix}"
    code, out, _ = run("irfil", *DIGITS, "--iterations", 5, "--out", path, "--json")
    table, line = read(path), last_line(out)
    assert code == 0
    assert table.columns.tolist() == ["id", "label", "eta_before", "eta_after", "weight"]
    assert (table["id"] == Engine().dataset(DataSpec(name="digits", classes=("3", "8"), subset=100)).ids).all()
    assert table["weight"].mean() == pytest.approx(1)
    assert table["eta_before"].max() == pytest.approx(line["eta_max"][0], rel=1e-12)
    assert table["eta_after"].std() == pytest.approx(line["eta_std"][-1], rel=1e-6)
    tables = []
    for how in (path, "irfil:sample:5"):
        measured = tmp_path / "eta.parquet"
        code, out, _ = run("fil", *DIGITS, "--weights", how, "--out", measured, "--json")
        assert code == 0
        tables.append(read(measured))
        assert last_line(out)["eta_max"] == pytest.approx(line["eta_max"][-1], rel=1e-9)
    from_file, by_name = tables
    assert (from_file["weight"] == table["weight"]).all()
    # CSV keeps all 17 digits, so that the two models are the same to the last bit in both formats.
    assert from_file.equals(by_name)
    assert from_file["eta"].to_numpy() == pytest.approx(table["eta_after"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("attribute", ["sex", "bmi, bp"])
def test_eta_of_an_attribute_is_evened_out(run, attribute):
    asked = ["irfil", *TABLE, "--attribute", attribute, "--iterations", 20, "--json"]
    line = last_line(run(*asked)[1])
    names = ",".join(name.strip() for name in attribute.split(","))
    assert line["weights"] == f"irfil:sample:20:attribute={names}"
    whole, own = (
        last_line(run("fil", *TABLE, "--weights", line["weights"], *more, "--json")[1])
        for more in ((), ("--attribute", attribute))
    )
    assert own["eta_std"] == pytest.approx(line["eta_std"][-1], rel=1e-6)
    assert own["eta_std"] / own["eta_mean"] < whole["eta_std"] / whole["eta_mean"]


def test_clamps_reach_the_weights(run, tmp_path):
    path = tmp_path / "w.csv"
    run("irfil", *DIGITS, "--iterations", 3, "--min-weight", "0.8", "--max-weight", "1.25", "--out", path)
    weight = read(path)["weight"]
    assert weight.max() / weight.min() == pytest.approx(1.25 / 0.8, rel=1e-12)


# --- --weights --------------------------------------------------------------------------------------------------------


def test_attacks_take_weights_too(run):
    asked = ["attack-attribute", *TABLE, "--attribute", "sex", "--sigmas", "0,1e-2", "--trials", 5, "--json"]
    plain, even = (last_line(run(*asked, *more)[1]) for more in ((), ("--weights", "irfil:sample:5:attribute=sex")))
    assert even["accuracy"]["whitebox"][0] == plain["accuracy"]["whitebox"][0] == 1
    assert even["accuracy"]["whitebox"] != plain["accuracy"]["whitebox"]
    id = int(Engine().dataset(DataSpec(name="digits", classes=("3", "8"), subset=100)).ids[50])
    asked = ["attack-reconstruct", *DIGITS, "--ids", id, "--sigmas", "0", "--weights", "irfil:sample:3", "--json"]
    assert last_line(run(*asked)[1])["psnr"][str(id)][0] > 60


def test_without_the_leakiest(run, tmp_path):
    path = tmp_path / "eta.csv"
    run("fil", *TABLE, "--out", path)
    leakiest = read(path).nlargest(3, "eta")["id"]
    assert run("fil", *TABLE, "--weights", "drop:3", "--out", path)[0] == 0
    after = read(path).set_index("id")
    assert (after.loc[leakiest, ["weight", "eta"]] == 0).all(axis=None)
    assert (after["weight"] > 0).sum() == 77
    code, out, err = run("attack-reconstruct", *TABLE, "--ids", leakiest.iloc[0], "--weights", "drop:3", "--json")
    assert (code, out) == (2, "")
    assert "expected examples of weight > 0" in err.splitlines()[-1]


def some_weights(tmp_path, spoil, name="w.csv"):
    dataset = Engine().dataset(DataSpec(name="digits", classes=("3", "8"), subset=100))
    table = pd.DataFrame({"id": dataset.ids, "weight": np.linspace(0.5, 1.5, 100)})
    path = tmp_path / name
    spoil(table, dataset).to_csv(path, index=False)
    return path


SPOILED = {
    "too few": (lambda t, _: t[:-1], "expected the ids of the 100 training examples; got 1 missing"),
    "too many": (lambda t, _: pd.concat([t, t[:1] + 10**5]), "got 1 unknown"),
    "twice": (lambda t, _: pd.concat([t, t[:1]]), "expected each id once"),
    "negative": (lambda t, _: t.assign(weight=t["weight"] - 1), "expected finite numbers >= 0"),
    "not a number": (lambda t, _: t.assign(weight=t["weight"].where(t.index != 4)), "row 5 has none"),
    "a share": (
        lambda t, _: t.assign(weight=t["weight"].astype(object).where(t.index != 4, "50 %")),
        "row 5 has none, but '50 %'",
    ),
    "infinite": (lambda t, _: t.assign(weight=np.where(t.index == 4, np.inf, 1)), "expected finite numbers >= 0"),
    "all zero": (lambda t, _: t.assign(weight=0), "not all zero"),
    "a class emptied": (lambda t, d: t.assign(weight=d.y), "class 3 has none left"),
    "no weights": (lambda t, _: t[["id"]].assign(w=1), "in w.csv; weight not found among id, w"),
    "one column": (lambda t, _: t[["id"]], "w.csv: expected at least two columns"),
    "nothing": (lambda t, _: pd.DataFrame(), "w.csv cannot be read as a table"),
}


@pytest.mark.parametrize("command", ["fil", "attack-reconstruct"])
@pytest.mark.parametrize(("spoil", "said"), SPOILED.values(), ids=SPOILED)
def test_a_bad_file_of_weights_ends_with_one_readable_line(spoil, said, command, run, tmp_path):
    path = some_weights(tmp_path, spoil)
    more = ["--ids", 0] if command == "attack-reconstruct" else []
    code, out, err = run(command, *DIGITS, *more, "--weights", path)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert err.startswith("fil_core: --weights: ")
    assert said in err


def test_weights_may_be_in_any_order_and_the_file_have_any_case(run, tmp_path):
    one, other = (
        some_weights(tmp_path, spoil, name)
        for spoil, name in ((lambda t, _: t, "a.csv"), (lambda t, _: t.sample(frac=1, random_state=0), "B.CSV"))
    )
    lines = [last_line(run("fil", *DIGITS, "--weights", path, "--json")[1]) for path in (one, other)]
    assert [line["cached"] for line in lines] == [False, True]
    assert lines[0]["eta_max"] == lines[1]["eta_max"]


IRFIL = ["irfil", *TABLE]
MITIGATE = ["mitigate", *TABLE]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*IRFIL, "--iterations", 0], "iterations: expected a whole number from 1 to 1,000"),
        ([*IRFIL, "--iterations", 1001], "iterations: expected a whole number from 1 to 1,000"),
        ([*IRFIL, "--iterations", "some"], "expected a whole number"),
        ([*IRFIL, "--min-weight", 2, "--max-weight", 1.5], "expected min_weight <= max_weight; got 2.0 and 1.5"),
        ([*IRFIL, "--min-weight", 0.9, "--max-weight", 0.5], "--min-weight: expected min_weight <= max_weight"),
        ([*IRFIL, "--min-weight", 1], "--min-weight: expected a number below 1"),
        ([*IRFIL, "--max-weight", 1], "--max-weight: expected a number above 1"),
        ([*IRFIL, "--max-weight", "nan"], "--max-weight: expected a finite number"),
        ([*IRFIL, "--min-weight", "a"], "expected a number"),
        ([*IRFIL, "--attribute", "nobody"], "attribute: expected one of"),
        ([*IRFIL, "--attribute", ""], "expected names between commas"),
        ([*IRFIL, "--method", "all"], "invalid choice: 'all'"),
        ([*IRFIL, "--spread", "-1"], "spread: expected a finite number"),
        ([*IRFIL, "--model", "logistic"], "model: "),
        ([*IRFIL, "--weights", "drop:3"], "unrecognized arguments"),
        ([*IRFIL, "--out", "weights.xlsx"], "parquet"),
        (["fil", *TABLE, "--weights", "irfil:sample:15:min=2:max=1.5"], "expected min_weight <= max_weight"),
        (["fil", *TABLE, "--weights", "irfil:sample:0"], "iterations: expected a whole number from 1 to 1,000"),
        (["fil", *TABLE, "--weights", "irfil:sample:5:attribute=nobody"], "attribute: expected one of"),
        (["fil", *TABLE, "--weights", "drop:0"], "k: expected a whole number >= 1"),
        (["fil", *TABLE, "--weights", "nonsense"], "weights: expected equal, irfil:METHOD:ITERATIONS"),
        (["fil", *TABLE, "--weights", "w.txt"], "or a .csv or .parquet file; got 'w.txt'"),
        (["fil", *TABLE, "--weights", "nowhere.csv"], "nowhere.csv cannot be read as a table"),
        (["fil", *TABLE, "--weights", f"given:{'0' * 64}"], "are not in this store; give the file again"),
        ([*MITIGATE, "--sigma", "-1"], "sigma: expected a finite number > 0"),
        ([*MITIGATE, "--iterations", 0], "iterations: expected a whole number >= 1"),
        ([*MITIGATE, "--min-weight", 2, "--max-weight", 1.5], "expected min_weight <= max_weight"),
        ([*MITIGATE, "--attribute", "nobody"], "attribute: expected one of"),
        ([*MITIGATE, "--methods", "all"], "methods: expected one of sample, class, hybrid"),
        ([*MITIGATE, "--drop", "0"], "drop: expected a whole number >= 1"),
        ([*MITIGATE, "--drop", "a"], "expected whole numbers between commas"),
        ([*MITIGATE, "--l2s", "-1"], "l2s: expected"),
        ([*MITIGATE, "--sigmas", "0"], "sigmas: expected a finite number > 0"),
        ([*MITIGATE, "--sigmas", "1;2"], "expected numbers between commas"),
        ([*MITIGATE, "--trials", 0], "trials: expected a whole number"),
        ([*MITIGATE, "--draws", 0], "draws: expected a whole number"),
        ([*MITIGATE, "--weights", "drop:3"], "unrecognized arguments"),
        ([*MITIGATE, "--model", "softmax"], "model: "),
        ([*MITIGATE, "--out", "table.xlsx"], "parquet"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_ends_with_one_readable_line(arguments, said, run):
    code, out, err = run(*arguments)
    *before, line = err.splitlines()
    assert (code, out) == (2, "")
    assert all(text.startswith(("training: ", "measuring ")) for text in before), err
    assert line.startswith("fil_core: ")
    assert said in line


@pytest.mark.parametrize("method", ["class", "hybrid"])
def test_a_regression_has_no_classes_to_weight(run, method):
    said = "method: expected sample for a real-valued target, which has no classes"
    for command, option in (
        (["irfil", *TABLE, "--method", method], "--"),
        (["fil", *TABLE, "--weights", f"irfil:{method}:5"], "--weights: "),
    ):
        code, out, err = run(*command)
        assert (code, out) == (2, "")
        assert f"fil_core: {option}{said}" in err.splitlines()[-1]


# --- mitigate ---------------------------------------------------------------------------------------------------------


def by_family(rows) -> dict[str, list[dict]]:
    return {family: [row for row in rows if row["family"] == family] for family in FAMILIES}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """`mitigate` on two classes of digits, run once: its line, its notes and the folder with its files."""
    import contextlib
    import io

    from fil_core.__main__ import main

    folder = tmp_path_factory.mktemp("mitigate")
    asked = ["mitigate", *DIGITS, "--iterations", 6, "--examples", 4, *FEW, "--drop", "1,5,99", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIL_STORE_DIR", str(folder / "store"))
        for suffix in ("csv", "parquet"):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                assert main([str(a) for a in [*asked, "--out", folder / f"table.{suffix}"]]) == 0
    return last_line(out.getvalue()), err.getvalue(), folder


def test_every_family_of_mitigation_is_there(compared):
    line, _, _ = compared
    rows = by_family(line["mitigations"])
    assert [len(rows[family]) for family in FAMILIES] == [1, 3, 3, 2, 3]
    assert all(list(row) == COLUMNS for row in line["mitigations"])
    assert [row["name"] for row in rows["reweighting"]] == ["IRFIL, sample", "IRFIL, class", "IRFIL, hybrid"]
    assert {"n", "sigma", "score", "seconds", "cached"} <= line.keys() and line["n"] == 100
    for row in line["mitigations"]:
        if row["error"] is None:
            assert all(math.isfinite(row[name]) for name in MEASURED), row["name"]
            assert 0 < row["attack"] < 1.5 and row["nothing_learnt"] == 1
            # Of four examples over all ranks: one in the first tenth, one in the last, none in most.
            shares = row["attack_by_decile"]
            assert len(shares) == 10 and None not in (shares[0], shares[-1]) and shares.count(None) == 6
    plain = rows["as it is"][0]
    for noisier in rows["more noise"]:
        scale = plain["sigma"] / noisier["sigma"]
        assert noisier["eta_max"] == pytest.approx(plain["eta_max"] * scale, rel=1e-9)
        assert noisier["test_score"] == plain["test_score"]
    assert rows["reweighting"][0]["eta_std"] < plain["eta_std"] / 50
    assert all(row["eta_max"] < plain["eta_max"] for row in rows["larger penalty"])


def test_noise_is_matched_to_what_reweighting_reaches(compared):
    rows = by_family(compared[0]["mitigations"])
    matched = rows["more noise"][-1]
    assert matched["name"].startswith("largest η ")
    assert matched["eta_max"] == pytest.approx(rows["reweighting"][0]["eta_max"], rel=1e-9)


def test_a_mitigation_that_is_impossible_is_a_row_that_says_why(compared):
    line, err, _ = compared
    *possible, impossible = by_family(line["mitigations"])["dropping"]
    assert [row["trained_on"] for row in possible] == [99, 95]
    assert impossible["name"] == "without the top 99" and impossible["weights"] == "drop:99"
    assert "has none left" in impossible["error"]
    assert all(impossible[name] is None for name in MEASURED)
    assert impossible["new_leakiest"] == impossible["attack_by_decile"] == []
    assert f"note: without the top 99: {impossible['error']}" in err


def test_who_takes_the_place_of_the_leakiest_is_named(compared, run, tmp_path):
    dropped = by_family(compared[0]["mitigations"])["dropping"][1]
    new = dropped["new_leakiest"]
    assert len(new) == 5
    assert [one["rank_after"] for one in new] == [1, 2, 3, 4, 5]
    assert min(one["rank_before"] for one in new) > 5  # those five are gone
    path = tmp_path / "eta.csv"
    assert run("fil", *DIGITS, "--sigma", dropped["sigma"], "--out", path)[0] == 0
    before = read(path).set_index("id")["eta"]
    for one in new:
        assert one["eta_before"] == pytest.approx(before[one["id"]], rel=1e-9)
        assert one["rank_before"] == (before >= before[one["id"]]).sum()
    assert new[0]["eta_after"] == pytest.approx(dropped["eta_max"], rel=1e-12)
    assert sum(len(row["new_leakiest"]) > 0 for row in compared[0]["mitigations"]) == 2


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_table_has_a_row_for_each_mitigation(compared, suffix):
    line, _, folder = compared
    table = read(folder / f"table.{suffix}")
    assert len(table) == len(line["mitigations"])
    assert table.columns[1:].tolist() == [*COLUMNS[1:15], "error"]
    assert table.iloc[:, 0].tolist() == [row["name"] for row in line["mitigations"]]
    for name in ("sigma", "l2", *MEASURED):
        expected = [np.nan if row[name] is None else row[name] for row in line["mitigations"]]
        assert table[name].to_numpy(dtype=float) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert table["weights"].tolist() == [row["weights"] for row in line["mitigations"]]


def test_an_attribute_is_what_is_at_risk(run):
    code, out, _ = run(*MITIGATE, "--attribute", "sex", "--iterations", 5, *FEW, "--drop", "4", "--json")
    rows = by_family(last_line(out)["mitigations"])
    assert code == 0
    assert rows["reweighting"][0]["weights"] == "irfil:sample:5:attribute=sex" and len(rows["reweighting"]) == 1
    assert rows["dropping"][0]["weights"] == "drop:4:attribute=sex"
    for row in (row for family in rows.values() for row in family):
        assert 0.5 < row["attack"] <= 1 and 0.5 <= row["nothing_learnt"] < 0.7
        # Of 80 examples each tenth has 8, so that their mean is that of all.
        assert np.mean(row["attack_by_decile"]) == pytest.approx(row["attack"], rel=1e-12)
    leakier = rows["as it is"][0]["attack_by_decile"]
    assert np.mean(leakier[5:]) > np.mean(leakier[:5])
    own = last_line(run("fil", *TABLE, "--attribute", "sex", "--sigma", rows["as it is"][0]["sigma"], "--json")[1])
    assert rows["as it is"][0]["eta_max"] == pytest.approx(own["eta_max"], rel=1e-9)


def test_what_is_named_takes_the_place_of_what_is_usual(run):
    chosen = ["--sigma", 0.2, "--methods", "sample", "--sigmas", "0.5", "--l2s", "0.1", "--drop", "2"]
    asked = [*MITIGATE, *chosen, "--iterations", 2, "--min-weight", 0.5, "--examples", 0, "--target-eta", "5,0.7", *FEW]
    line = last_line(run(*asked, "--json")[1])
    assert [row["name"] for row in line["mitigations"]] == [
        "as it is", "IRFIL, sample, weights ≥ 0.5", "σ = 0.5", "λ = 0.1", "without the top 2",
        "largest η 5", "largest η 0.7",
    ]  # fmt: skip
    assert line["sigma"] == 0.2
    assert [row["sigma"] for row in line["mitigations"]][:5] == [0.2, 0.2, 0.5, 0.2, 0.2]
    assert [row["l2"] for row in line["mitigations"]] == [1e-3] * 3 + [0.1] + [1e-3] * 3
    assert [row["eta_max"] for row in line["mitigations"]][5:] == pytest.approx([5, 0.7], rel=1e-12)
    assert all(row["attack"] is None and row["nothing_learnt"] is None for row in line["mitigations"])
    assert all(row["attack_by_decile"] == [] for row in line["mitigations"])


def test_weights_by_class_of_a_regression_are_a_row_that_says_why(run):
    asked = [*MITIGATE, "--methods", "class,sample", "--iterations", 2, "--examples", 0, *FEW, "--json"]
    code, out, _ = run(*asked)
    one, other = by_family(last_line(out)["mitigations"])["reweighting"]
    assert code == 0
    assert one["error"].startswith("method: expected sample for a real-valued target") and one["eta_max"] is None
    assert other["error"] is None and other["eta_max"] > 0


def test_an_attribute_of_a_softmax_model_is_attacked_under_every_mitigation(run):
    data = ["--data", THREE_CLASSES.name, "--model", "softmax", "--l2", 0.01, "--attribute", 0]
    code, out, _ = run("mitigate", *data, "--iterations", 3, *FEW, "--drop", 2, "--json")
    rows = last_line(out)["mitigations"]
    assert code == 0
    assert {row["family"] for row in rows} == set(FAMILIES) and all(row["error"] is None for row in rows)
    assert all(0.3 < row["attack"] <= 1 for row in rows) and all(row["nothing_learnt"] == 0.5 for row in rows)


def test_mitigations_in_words_for_a_person(run):
    code, out, err = run(*MITIGATE, "--iterations", 2, "--examples", 0, *FEW, "--drop", "3,80")
    assert code == 0
    shown = out.splitlines()
    assert "mean squared error" in shown[0] and any(row.startswith("IRFIL, sample") for row in shown)
    assert any("without the top 80" in row and "—" in row for row in shown)
    assert "note: without the top 80: drop: expected fewer than the 80 training examples; got 80." in err
    assert out.endswith("s.\n")
    # Twice the same is said once, though several releases have it to say.
    assert err.count("takes the weights as constants") == 1


def test_the_second_time_everything_is_stored(run):
    asked = [*MITIGATE, "--iterations", 2, "--examples", 2, *FEW, "--json"]
    one, again = (last_line(run(*asked)[1]) for _ in range(2))
    assert [one["cached"], again["cached"]] == [False, True]
    assert json.dumps(one["mitigations"]) == json.dumps(again["mitigations"])
