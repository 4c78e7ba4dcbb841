"""The numbers that a network is trained and compared on, and its score."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from fil_core.models.networks.problem import problem, score
from fil_core.specs import NetworkSpec

SMALL = NetworkSpec(width=8)


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_the_score_of_two_classes_is_the_share_on_the_right_side_of_a_half():
    outputs = tensor([0.4], [0.6], [0.9], [-3.0])
    assert score(outputs, tensor([0.0], [1.0], [0.0], [0.0]), 2) == 0.75


def test_the_score_of_three_classes_is_the_share_whose_largest_output_is_right():
    outputs = tensor([0.1, 0.2, 0.0], [3.0, 2.9, 0.0], [-1.0, -2.0, -0.5])
    assert score(outputs, torch.eye(3, dtype=torch.float64)[[1, 1, 2]], 3) == pytest.approx(2 / 3)


def test_the_score_of_a_regression_is_the_mean_squared_error():
    assert score(tensor([1.0], [2.0]), tensor([0.0], [4.0]), 0) == 2.5


def test_no_examples_have_no_score():
    for classes, k in ((0, 1), (2, 1), (3, 3)):
        assert math.isnan(score(torch.empty(0, k), torch.empty(0, k), classes))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_problem_has_everything_in_the_precision_of_its_network(precision, make_dataset):
    data = make_dataset(classes=3)
    at = problem(dataclasses.replace(SMALL, precision=precision), data, torch.device("cpu"))
    dtype = getattr(torch, precision)
    assert {each.dtype for each in (at.X, at.Y, at.X_test, at.Y_test)} == {dtype}
    assert at.module(at.X).shape == at.Y.shape == (40, 3) and at.Y_test.shape == (20, 3)
    assert at.classes == 3
    assert np.array_equal(at.X.numpy(), data.X.astype(precision))
