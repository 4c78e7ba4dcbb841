"""Requests about networks on the command line: their options, and weights to start from."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pytest
from safetensors.numpy import save_file

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.table import ANALYSES
from fil_core.cli.command import Command
from fil_core.cli.commands import request_options
from fil_core.cli.derived import network_places, own_places
from fil_core.cli.fan_out import fan_out_options
from fil_core.cli.options import run_options
from fil_core.engine.uploads import load
from fil_core.errors import BadData, BadRequest, DataUnavailable, FilError
from fil_core.specs import DataSpec, EffectRequest, NetworkSpec, Upload, canonical
from fil_core.specs.options import option, places, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(EffectRequest):
    """A request about a network.

    Attributes:
        rounds: a field of its own.
    """

    rounds: int = option(3, whole(), "rounds of it (default 3)")


def parser_of(kind=Trial) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fil_core")
    request_options(parser, kind)
    fan_out_options(parser)
    run_options(parser, "one row per training example")
    return parser


def command(*arguments) -> Command:
    options = parser_of().parse_args(["--data", "diabetes", *map(str, arguments)])
    options.in_blocks = False
    return Command(options)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file({"0.weight": np.ones((4, 10)), "0.bias": np.zeros(4)}, path)
    return path


def test_without_options_it_is_the_default_network():
    assert command().request(Trial).network == NetworkSpec()


def test_every_field_of_a_network_has_its_option():
    made = command(
        "--network", "mlp", "--width", 7, "--depth", 2, "--activation", "erf", "--scaling", "ntk", "--init-seed", 3,
        "--lr", 0.5, "--time", "inf", "--l2", 0.25, "--precision", "float32", "--initial", "a" * 64,
        "--validation-size", 20, "--rounds", 5, "--device", "cpu",
    ).request(Trial)  # fmt: skip
    assert made.network == NetworkSpec(
        kind="mlp", width=7, depth=2, activation="erf", scaling="ntk", init_seed=3, lr=0.5, time="inf", l2=0.25,
        precision="float32", initial="a" * 64,
    )  # fmt: skip
    assert (made.validation_size, made.rounds, made.device, made.data.name) == (20, 5, "cpu", "diabetes")
    assert command("--time", 12).request(Trial).network.time == 12


def test_what_the_fields_write_is_read_as_the_same_request():
    asked = Trial(
        data=DataSpec(name="diabetes"),
        network=NetworkSpec(depth=2, activation="gelu", initial="b" * 64, time="inf", lr=1 / 3, init_seed=7),
        validation_size=9,
    )
    found = {place.option.flag: (place, place.value(asked)) for place in places(Trial)}
    written = [
        text
        for flag, (place, value) in found.items()
        if flag not in ("data", "device") and value != place.default
        for text in (f"--{flag}", place.option.kind.write(value))
    ]
    assert len(written) == 14
    assert canonical(command(*written).request(Trial)) == canonical(asked)


def test_fields_of_the_network_are_in_a_group_of_their_own():
    assert [place.path for place in own_places(Trial)] == [("validation_size",), ("rounds",)]
    assert [place.path[0] for place in network_places(Trial)] == list(NetworkSpec.__dataclass_fields__)
    assert network_places(FilRequest) == []
    text = parser_of().format_help()
    assert text.index("\nnetwork:") < text.index("--initial FILE", text.index("\nnetwork:")) < text.index("\nmeasure:")
    assert text.rindex("\nmeasure:") < text.rindex("--validation-size") < text.rindex("--rounds")
    assert not any("--initial" in parser_of(one.request).format_help() for one in ANALYSES if not of_network(one))


def of_network(analysis) -> bool:
    return bool(network_places(analysis.request))


def test_a_file_of_weights_is_stored_and_named_by_its_content(weights):
    run = command("--initial", weights)
    name = run.request(Trial).network.initial
    stored = load(run.engine.store, Upload("initial", name))
    assert stored.summary == {"file": "mine.safetensors"}
    assert stored.arrays["0.weight"].tolist() == np.ones((4, 10)).tolist()
    assert command("--initial", name).request(Trial) == run.request(Trial)


def test_a_file_that_is_missing_or_no_file_of_weights_is_refused(tmp_path, weights):
    with pytest.raises(DataUnavailable, match=r"none\.safetensors: expected a file"):
        command("--initial", tmp_path / "none.safetensors").request(Trial)
    other = weights.rename(tmp_path / "mine.pt")
    with pytest.raises(BadData, match=r"initial: expected a \.safetensors file; got mine\.pt"):
        command("--initial", other).request(Trial)
    with pytest.raises(FilError, match="initial"):
        command("--initial", "x\0.safetensors").request(Trial)


def test_the_output_does_not_replace_the_weights(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("x")
    with pytest.raises(BadRequest, match="the one that --initial names"):
        command("--initial", path, "--out", path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--time", "0"], "time: expected a number of steps"),
        (["--network", "vgg"], "network: expected one of linear, mlp, cnn, resnet18"),
        (["--width", "0"], "width"),
        (["--lr", "-1"], "lr"),
    ],
)
def test_values_out_of_range_are_refused(arguments, message):
    with pytest.raises(BadRequest, match=message):
        command(*arguments).request(Trial)
