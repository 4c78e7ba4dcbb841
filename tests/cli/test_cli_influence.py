"""The command `influence`: what it prints and what it refuses, of a model and of a network."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

DIGITS = ["--data", "digits", "--classes", "3,8", "--subset", 40, "--pca", 4]
MODEL = [*DIGITS, "--model", "logistic", "--l2", 0.02]
NETWORK = [*DIGITS, "--network", "mlp", "--width", 3, "--time", 5]
TEXT = ["--data", "grammar:40", "--network", "lstm", "--width", 3, "--embedding", 2, "--time", 2]
BOTH = {"model": MODEL, "network": NETWORK}


@pytest.fixture
def refused(run):
    """The one line that says why; nothing else is printed."""

    def of(*arguments) -> str:
        code, out, err = run("influence", *arguments)
        assert (code, out) == (2, ""), err
        assert "Traceback" not in err
        return err.splitlines()[-1]

    return of


@pytest.fixture(params=BOTH)
def options(request) -> list:
    return BOTH[request.param]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--damping", -1], "--damping: expected a finite number >= 0"),
        (["--damping", "nan"], "--damping: expected a finite number >= 0"),
        (["--target", "nobody"], "--target: expected test-loss, self, test:ROW"),
        (["--target", "test:"], "--target: expected test-loss, self, test:ROW"),
        (["--target", "test:x"], "--target: expected test-loss, self, test:ROW"),
        (["--target", "test:9999"], "--target: expected a test row from 0 to"),
        (["--target", "test:15", "--validation-size", 15], "--target: expected a test row from 0 to 14; got test:15"),
        (["--target", "class:5"], "--target: expected a class of"),
        (["--target", "id:999999"], "--target: expected one of the 40 training examples"),
        (["--target", "id:"], "--target: expected test-loss, self, test:ROW"),
        (["--target", "ids:x,y"], "--target: expected the id of one of the 40 training examples"),
        (["--curvature", "newton"], "curvature"),
        (["--truth", "--remove", 21], "--remove: expected at most half of the 40 training examples; got 21"),
        (["--remove", 3], "--truth: expected --truth beside --remove"),
        (["--examples", 5], "--truth: expected --truth beside --examples"),
        (["--subsets", 5], "--truth: expected --truth beside --subsets"),
        (["--truth", "--subsets", 2], "--subsets: expected none or at least 3"),
        (["--truth", "--subsets", 4, "--share", 1], "--subsets: expected none or at least 3, of a share below 1"),
        (["--truth", "--examples", 2], "--examples: expected at least 3 and at most the 40 training examples; got 2"),
        (["--truth", "--examples", 41], "--examples: expected at least 3 and at most the 40 training examples; got 41"),
        (["--group", "999998,999999"], "--group: expected one of the 40 training examples"),
    ],
)
def test_what_is_wrong_is_said_with_its_option(refused, options, more, said):
    assert said in refused(*options, *more)


def test_a_group_is_of_two_or_more(refused, run, tmp_path):
    run("influence", *MODEL, "--out", tmp_path / "all.csv")
    ids = pd.read_csv(tmp_path / "all.csv")["id"].astype(str).tolist()
    for options in BOTH.values():
        assert "--group: expected at least two examples to leave out together; got one" in refused(*options, "--group", ids[0])  # noqa: E501 # fmt: skip
        everyone = ",".join(ids[:39])
        assert "--group: expected at most 38 examples" in refused(*options, "--group", everyone)


def test_a_model_and_a_network_are_not_asked_for_at_once(refused):
    said = refused(*NETWORK, "--model", "logistic")
    assert "--network: expected --model or --network; got --model logistic beside it" in said


def test_options_of_the_other_kind_are_refused(refused):
    for option, value in (("--solver", "direct"), ("--checkpoints", 3), ("--width", 4), ("--time", 9)):
        assert f"{option}: expected nothing, since it is about a network; name one with --network" in refused(*MODEL, option, value)  # noqa: E501 # fmt: skip
    assert "--intercept: expected nothing, since it is about a model" in refused(*NETWORK, "--intercept")
    for curvature in ("metagradient", "tracin"):
        said = refused(*MODEL, "--curvature", curvature)
        assert "--curvature: expected one of hessian" in said and f"{curvature} is about a network; name one" in said
    assert "--time" in refused(*NETWORK[:-1], "inf")


def test_checkpoints_are_of_tracin_alone(refused):
    for curvature in ("metagradient", "hessian"):
        said = refused(*NETWORK, "--curvature", curvature, "--checkpoints", 3)
        assert f"--checkpoints: expected none for the curvature {curvature}" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            (*NETWORK, "--curvature", "metagradient", "--damping", 0.5),
            "--damping: expected nothing, since it has no",
        ),
        ((*MODEL, "--curvature", "identity", "--damping", 0.5), "--damping: expected nothing, since it has no part"),
        ((*NETWORK, "--embedding", 8), "--embedding: expected nothing, since the network mlp has none"),
        ((*NETWORK, "--tied"), "--tied: expected nothing, since the network mlp has none"),
        ((*NETWORK, "--batch-seed", 3), "--batch-seed: expected nothing, since every step takes all examples"),
        ((*TEXT, "--activation", "tanh"), "--activation: expected nothing, since the network lstm has none"),
        ((*NETWORK, "--draw-seed", 3), "--truth: expected --truth beside --draw-seed"),
        ((*NETWORK, "--truth", "--share", 0.3), "--share: expected none without --subsets"),
        ((*NETWORK, "--truth", "--target", "self", "--remove", 2), "--remove: expected none with --target self"),
        ((*MODEL, "--truth", "--target", "self", "--subsets", 5), "--subsets: expected none with --target self"),
        ((*MODEL, "--target", "self", "--group", "8,1602"), "--group: expected none with --target self"),
        ((*TEXT, "--target", "self", "--sections"), "--sections: expected none with --target self"),
        ((*TEXT, "--target", "class:1"), "--target: expected a class of"),
    ],
)
def test_what_would_be_ignored_is_refused(refused, options, said):
    assert said in refused(*options)


def test_sample_space_is_not_for_every_curvature(refused):
    for options, curvature in ((NETWORK, "hessian"), (TEXT, "ggn"), (TEXT, "hessian")):
        said = refused(*options, "--curvature", curvature, "--solver", "sample-space")
        assert f"--solver: expected auto, direct or krylov for the curvature {curvature}" in said


@pytest.mark.parametrize(("curvature", "others"), [("hessian", "krylov."), ("ggn", "krylov, or sample-space")])
def test_a_matrix_that_does_not_fit_names_the_other_solvers(refused, monkeypatch, curvature, others):
    monkeypatch.setattr("fil_core.analyses.network_influence.run.free_memory", lambda device: 10_000)
    said = refused(*NETWORK, "--curvature", curvature, "--solver", "direct")
    assert said.startswith("fil_core: --solver: ") and f"Take --solver {others}" in said
    assert "19 weights" in said  # 3 x (4 + 1) + 3 + 1


def test_sentences_and_language_models_belong_together(refused, tmp_path):
    assert "--network lstm" in refused("--data", "grammar:40")
    assert "--network lstm" in refused("--data", "grammar:40", "--network", "mlp")
    assert "lstm" in refused(*DIGITS, "--network", "lstm")
    path = tmp_path / "one.txt"
    path.write_text("only one line of words\n")
    assert "expected at least two lines with words" in refused("--data", path, "--network", "lstm")


def test_a_regression_has_no_classes(refused):
    for kind in ([], ["--network", "linear", "--time", 3]):
        assert "none: the target is a number" in refused("--data", "diabetes", "--subset", 30, "--target", "class:1", *kind)  # noqa: E501 # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        ["--model", "logistic", "--l2", 0.02],
        ["--network", "mlp", "--width", 3, "--time", 10, "--curvature", "empirical-fisher", "--damping", 0],
        ["--network", "mlp", "--width", 3, "--time", 10, "--curvature", "hessian", "--solver", "krylov"],
    ],
)
@pytest.mark.parametrize("truth", [[], ["--truth", "--examples", 3, "--subsets", 3, "--remove", 2]])
def test_json_has_no_numbers_that_are_not_finite(run, tmp_path, more, truth):
    code, out, err = run("influence", *DIGITS, *more, *truth, "--json", "--out", tmp_path / "out.csv")
    assert code == 0, err
    strange: list[str] = []
    said = json.loads(out, parse_constant=strange.append)
    assert not strange and said["n"] == 40 and said["target"] == "test-loss"
    table = pd.read_csv(tmp_path / "out.csv")
    assert len(table) == 40 and np.isfinite(table["influence"]).all()
    assert not np.isinf(table.select_dtypes("number")).to_numpy().any()
    if truth:
        assert {"pearson", "slope", "lds", "removed"} <= set(said) and table["leave_one_out"].notna().sum() == 3


def test_the_influence_of_sentences(run, tmp_path):
    out = tmp_path / "out.parquet"
    code, said, err = run("influence", *TEXT, "--truth", "--examples", 3, "--json", "--out", out)
    assert code == 0, err
    assert json.loads(said)["length_pearson"] is not None
    assert np.isfinite(pd.read_parquet(out)["influence"]).all()


def test_a_solver_of_what_is_not_solved_is_refused(refused):
    said = refused(*NETWORK, "--curvature", "identity", "--solver", "krylov")
    assert said.startswith("fil_core: --solver: expected none for the curvature identity")
