"""Kernels against another library's values, literal formulas and loops; their derivatives; blocks; what is refused."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
import scipy.special
import torch

from fil_core.errors import BadData, BadRequest
from fil_core.lood import kernels
from fil_core.lood.activations import ACTIVATIONS
from fil_core.lood.kernels import kernel_of, mean_distance
from fil_core.specs import KernelSpec
from fil_core.specs.kernel import KERNELS

GOLDEN = json.loads((Path(__file__).parent / "nngp_golden.json").read_text())  # its "source" says where it is from
INPUTS = {name: torch.tensor(values, dtype=torch.float64) for name, values in GOLDEN["inputs"].items()}
VALUES = [case for case in GOLDEN["cases"] if "grad" not in case]
GRADIENTS = [case for case in GOLDEN["cases"] if "grad" in case]
IMAGE = (4, 4, 3)
PAIRS = {
    "nngp_x1x1": ("x1", "x1"),
    "nngp_x1x2": ("x1", "x2"),
    "nngp_x2x2": ("x2", "x2"),
    "nngp_img1img1": ("img1_nhwc", "img1_nhwc"),
    "nngp_img1img2": ("img1_nhwc", "img2_nhwc"),
}
EXACT = {"rtol": 1e-10, "atol": 1e-15}  # float64 in both libraries; a zero comes out as some 1e-17


def called(case):
    return "-".join(str(case[name]) for name in ("arch", "act", "depth", "W_std", "b_std"))


def of_case(case):
    kind = case["act"] if case["arch"] == "FC" else f"conv-{case['act']}"
    spec = KernelSpec(kind=kind, depth=case["depth"], weight_std=case["W_std"], bias_std=case["b_std"])
    return kernel_of(spec, shape=IMAGE)


def rows(n=6, d=12, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


def of_kind(kind, depth=2, bias_std=0.2):
    """A kernel of that kind on rows of 12 features."""
    spec = KernelSpec(kind=kind, depth=depth, weight_std=1.3, bias_std=bias_std)
    return kernel_of(spec, shape=(2, 2, 3), length=2.5)


# --- values ---------------------------------------------------------------------------------------------------------


def test_the_golden_file_is_whole():
    assert (len(VALUES), len(GRADIENTS)) == (66, 3)
    assert {case["act"] for case in VALUES} == set(ACTIVATIONS)


@pytest.mark.parametrize("case", VALUES, ids=called)
def test_values_of_another_library(case):
    kernel, compared = of_case(case), 0
    for name, (one, other) in PAIRS.items():
        if name in case:
            X, Z = (INPUTS[of].flatten(1) for of in (one, other))
            np.testing.assert_allclose(kernel.cross(X, Z), case[name], **EXACT)
            if one == other:
                np.testing.assert_allclose(kernel.gram(X), case[name], **EXACT)
                np.testing.assert_allclose(kernel.diagonal(X), np.diag(case[name]), **EXACT)
            compared += 1
    assert compared == (2 if "input" in case else 3)


def test_rbf_and_linear_are_their_formulas():
    X, Z = rows(5, 12), rows(4, 12, seed=1) + 3
    rbf, linear = of_kind("rbf"), of_kind("linear")
    for i, x in enumerate(X.numpy()):
        for j, z in enumerate(Z.numpy()):
            expected = math.exp(-((x - z) ** 2).sum() / (2 * 2.5**2))
            assert float(rbf.cross(X, Z)[i, j]) == pytest.approx(expected, rel=1e-13)
            expected = 0.2**2 + 1.3**2 * sum(a * b for a, b in zip(x, z, strict=True)) / 12
            assert float(linear.cross(X, Z)[i, j]) == pytest.approx(expected, rel=1e-13)


def test_rbf_of_rows_far_from_the_origin():
    X = rows(5) * 1e-2
    near, far = of_kind("rbf").gram(X), of_kind("rbf").gram(X + 1e5)
    np.testing.assert_allclose(far, near, rtol=1e-9)  # rows themselves are rounded to 1e-11
    assert float((1 - near).max()) > 1e-5


@pytest.mark.parametrize("length", [None, 0.7])
def test_the_length_of_a_spec_comes_before_that_of_the_data(length):
    kernel = kernel_of(KernelSpec(kind="rbf", length=length), length=2.5)
    X, distance = torch.tensor([[0.0], [1.0]], dtype=torch.float64), length or 2.5
    assert float(kernel.gram(X)[0, 1]) == pytest.approx(math.exp(-0.5 / distance**2), rel=1e-14)


def test_the_mean_distance_is_over_pairs_of_different_rows():
    X = rows(7, 3)
    pairs = [float(((X[i] - X[j]) ** 2).sum()) for i in range(7) for j in range(7) if i != j]
    assert mean_distance(X) == pytest.approx(np.mean(pairs) ** 0.5, rel=1e-13)
    assert mean_distance(X[:1]) == mean_distance(X[:1].expand(4, 3)) == 1.0


def by_patches(x, z, *, activation, depth, W, b):
    """Kernel of two images (H, W, channels) by loops over pixels and over the four of a patch."""
    H, width, channels = x.shape

    def convolved(k):
        found = np.zeros((H, width))
        for i in range(H):
            for j in range(width):
                patch = [k[i + di, j + dj] for di in (0, 1) for dj in (0, 1) if i + di < H and j + dj < width]
                found[i, j] = b**2 + W**2 * sum(patch) / 4
        return found

    pairs = [(x, z), (x, x), (z, z)]
    now = [
        np.array([[sum(p[i, j] * q[i, j]) / channels for j in range(width)] for i in range(H)], dtype=float)
        for p, q in pairs
    ]
    for _ in range(depth):
        k, a, c = (convolved(each) for each in now)
        now = [
            np.vectorize(lambda *of: float(activation(*(torch.tensor(v, dtype=torch.float64) for v in of))))(*of)
            for of in ((k, a, c), (a, a, a), (c, c, c))
        ]
    return b**2 + W**2 * now[0].mean()


@pytest.mark.parametrize("kind", ["conv-relu", "conv-erf", "conv-gelu"])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("shape", [(3, 4), (4, 2, 3)], ids=str)
def test_convolutions_patch_by_patch(kind, depth, shape):
    spec = KernelSpec(kind=kind, depth=depth, weight_std=1.3, bias_std=0.2)
    X, Z = (np.random.default_rng(seed).standard_normal((n, *shape)) for seed, n in ((0, 3), (1, 2)))
    found = kernel_of(spec, shape=shape).cross(*(torch.from_numpy(each).flatten(1) for each in (X, Z)))
    activation = ACTIVATIONS[spec.activation]
    for i, x in enumerate(X.reshape(3, *shape[:2], -1)):
        for j, z in enumerate(Z.reshape(2, *shape[:2], -1)):
            expected = by_patches(x, z, activation=activation, depth=depth, W=1.3, b=0.2)
            assert float(found[i, j]) == pytest.approx(expected, rel=1e-12)


LITERAL = {"relu": lambda u: u.clip(0), "erf": scipy.special.erf, "gelu": lambda u: u * scipy.special.ndtr(u)}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("a", "b", "rho"), [(0.7, 1.9, 0.6), (3.0, 0.2, -0.8), (1e-4, 2.0, 0.1), (2.0, 2.0, 1.0)])
def test_activations_by_quadrature(name, a, b, rho):
    """E[phi(u) phi(v)], u = sqrt(a) x and v = sqrt(b) (rho x + sqrt(1 - rho^2) y), in polar coordinates of (x, y)."""
    x, w = np.polynomial.legendre.leggauss(80)
    corners = -math.pi / 2 + np.sort(
        [0, math.pi, *(math.pi / 2 - math.asin(rho) + np.array([0, math.pi])), 2 * math.pi]
    )
    r, total = 6 * (x + 1), 0.0
    for start, stop in itertools.pairwise(corners):  # between them u and v keep their signs
        angle = (start + stop) / 2 + (stop - start) / 2 * x[:, None]
        u = math.sqrt(a) * r * np.cos(angle)
        v = math.sqrt(b) * r * (rho * np.cos(angle) + math.sqrt(1 - rho**2) * np.sin(angle))
        values = LITERAL[name](u) * LITERAL[name](v) * r * np.exp(-r * r / 2)
        total += (stop - start) / 2 * float(w @ values @ (6 * w)) / (2 * math.pi)
    k = rho * math.sqrt(a * b)
    found = ACTIVATIONS[name](*(torch.tensor(each, dtype=torch.float64) for each in (k, a, b)))
    assert float(found) == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_small_and_large_variances(name, size):
    a, b, k = (mpmath.mpf(each) * mpmath.mpf(size) for each in (1.0, 0.5, 0.6))
    with mpmath.workdps(40):
        t, P = mpmath.acos(k / mpmath.sqrt(a * b)), (1 + a) * (1 + b)
        bent = (a * b + k**2 * (1 - a * b) / P) / mpmath.sqrt(P - k**2)
        expected = {
            "relu": mpmath.sqrt(a * b) / (2 * mpmath.pi) * (mpmath.sin(t) + (mpmath.pi - t) * mpmath.cos(t)),
            "erf": 2 / mpmath.pi * mpmath.asin(2 * k / mpmath.sqrt((1 + 2 * a) * (1 + 2 * b))),
            "gelu": k / 4 + (k * mpmath.asin(k / mpmath.sqrt(P)) + bent) / (2 * mpmath.pi),
        }[name]
    found = ACTIVATIONS[name](*(torch.tensor(float(each), dtype=torch.float64) for each in (k, a, b)))
    assert float(found) == pytest.approx(float(expected), rel=1e-11)


# --- symmetry, blocks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [2**20, 1, 40], ids=["whole", "row by row", "some rows"])
@pytest.mark.parametrize("kind", KERNELS)
def test_gram_is_cross_and_symmetric(kind, block, monkeypatch):
    X, kernel = rows(11), of_kind(kind)
    whole = kernel.cross(X, X)
    monkeypatch.setitem(kernels._BLOCK, "cpu", block)
    K = kernel.gram(X)
    assert torch.equal(K, K.mT) and torch.equal(K.diagonal(), kernel.diagonal(X))
    np.testing.assert_allclose(K, whole, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(kernel.cross(X, X[:5]), whole[:, :5], rtol=1e-12, atol=1e-15)
    assert float(torch.linalg.eigvalsh(K)[0]) > -1e-12


def test_blocks_tell_how_far_they_are(monkeypatch):
    monkeypatch.setitem(kernels._BLOCK, "cpu", 33)  # three rows of eleven
    said = []
    of_kind("relu").gram(rows(11), lambda *told: said.append(told[:2]))
    assert said == [(0, 11), (3, 11), (6, 11), (9, 11)]
    of_kind("relu").cross(rows(11), rows(11), lambda *told: said.append(told[:2]))
    assert said[4:] == said[:4]


# --- derivatives ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GRADIENTS, ids=called)
def test_gradients_of_another_library(case):
    for name, at in (("at_x2_0", INPUTS["x2"][0]), ("at_x1_0_itself", INPUTS["x1"][0])):
        q = at.clone().requires_grad_(True)
        of_case(case).cross(q[None], INPUTS["x1"][:1]).sum().backward()
        np.testing.assert_allclose(q.grad, case[name], **EXACT)


@pytest.mark.parametrize("kind", KERNELS)
def test_gradients_by_finite_differences(kind):
    kernel, Z = of_kind(kind), rows(4)
    X = rows(3, seed=1).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda X: (kernel.block(X, Z), kernel.diagonal(X)), X, atol=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_of_activations_in_each_argument(name):
    a, b = (torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in ([[0.5], [2.0]], [0.8, 1.1]))
    k = torch.tensor([[0.3, -0.5], [0.9, 1.2]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ACTIVATIONS[name], (k, a, b), atol=1e-8)


@pytest.mark.parametrize("bias_std", [0.0, 0.2])
@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("kind", KERNELS)
def test_gradients_are_finite_at_the_same_row_and_at_zero(kind, depth, bias_std):
    X = rows(5)
    X[3] = 0
    X[4] = -X[0]
    kernel, Z = of_kind(kind, depth, bias_std), X.clone()
    found = X.requires_grad_(True)
    (kernel.block(found, Z).sum() + kernel.diagonal(found).sum()).backward()
    assert bool(torch.isfinite(found.grad).all()) and float(found.grad[0].abs().max()) > (kind != "rbf") * 1e-3


@pytest.mark.parametrize("kind", [kind for kind in KERNELS if kind != "rbf"])
def test_the_derivative_at_the_row_itself_is_half_that_of_the_diagonal(kind):
    """k(q, q) moves with both of its arguments."""
    kernel, x = of_kind(kind), rows(1)
    q, both = x.clone().requires_grad_(True), x.clone().requires_grad_(True)
    kernel.block(q, x).sum().backward()
    kernel.diagonal(both).sum().backward()
    np.testing.assert_allclose(q.grad, both.grad / 2, rtol=1e-7, atol=1e-9)  # cos t = 1 to 1e-16 is t to 1e-8


@pytest.mark.parametrize("kind", ["relu", "conv-relu"])
def test_values_are_the_same_with_and_without_derivatives(kind):
    X, kernel = rows(5), of_kind(kind)
    np.testing.assert_allclose(kernel.block(X.clone().requires_grad_(True), X).detach(), kernel.block(X, X), rtol=1e-14)


def test_relu_without_bias_sees_directions_alone():
    X, kernel = rows(4), kernel_of(KernelSpec(kind="relu", depth=3))
    np.testing.assert_allclose(kernel.cross(3 * X, X), 3 * kernel.cross(X, X), rtol=1e-13)
    assert not kernel.gram(torch.zeros_like(X)).any()


# --- specs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KERNELS if kind.startswith("conv-")])
def test_a_convolution_needs_pixels(kind):
    with pytest.raises(BadData, match="expected images"):
        kernel_of(KernelSpec(kind=kind))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "sigmoid"}, {"depth": 0}, {"depth": 65}, {"depth": 1.5}, {"weight_std": 0.0}, {"bias_std": -0.1},
        {"weight_std": math.inf}, {"bias_std": math.nan}, {"noise": 0.0}, {"noise": -1.0}, {"relative_noise": 0.0},
        {"kind": "rbf", "length": 0.0},
    ],
    ids=str,
)  # fmt: skip
def test_specs_that_are_refused(wrong):
    with pytest.raises(BadRequest, match="expected"):
        KernelSpec(**wrong)


OTHER = {"depth": 5, "weight_std": 0.9, "bias_std": 0.4, "length": 3.0}


@pytest.mark.parametrize("kind", KERNELS)
def test_what_a_kernel_does_not_have_is_set_to_its_default(kind):
    spec, default = KernelSpec(kind=kind, **OTHER), KernelSpec()
    for name, value in OTHER.items():
        has = name in KERNELS[kind]
        assert getattr(spec, name) == (value if has else getattr(default, name))
        assert bool(spec.unused(name)) is not has


def test_relative_noise_has_no_part_where_noise_is_set():
    assert KernelSpec(noise=0.05, relative_noise=0.3) == KernelSpec(noise=0.05)
    assert KernelSpec(relative_noise=0.3) != KernelSpec()


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (KernelSpec(depth=1, noise=0.05), "relu of 1 layer, W = 1.414, b = 0, s = 0.05"),
        (KernelSpec(kind="rbf", length=2.0, relative_noise=0.5), "rbf, length 2, s = 0.5 × mean k(x, x)"),
    ],
)
def test_a_spec_in_words(spec, text):
    assert spec.text == text


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("size", [1e2, 1e6, 1e9])
def test_gelu_of_large_rows_that_are_nearly_parallel(depth, size):
    """Far from zero GELU is ReLU but for terms of the size of one activation, and the covariances are finite."""
    drawn = torch.Generator().manual_seed(0)
    X = torch.rand(8, 2, dtype=torch.float64, generator=drawn) * torch.tensor([size, 1.0], dtype=torch.float64) + 0.1
    gelu, relu = (kernel_of(KernelSpec(kind=kind, depth=depth)).gram(X) for kind in ("gelu", "relu"))
    scale = relu.diagonal().sqrt()
    off = (gelu - relu).abs() / scale[:, None] / scale
    assert bool(torch.isfinite(gelu).all()) and float(off.max()) < 10 / (float(scale.min()) + 1)
    assert float(torch.linalg.eigvalsh(gelu / scale[:, None] / scale)[0]) > -1e-13
