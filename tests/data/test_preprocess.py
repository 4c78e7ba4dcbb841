import numpy as np
import pytest
from sklearn.decomposition import PCA

from fil_core.data import Raw, load
from fil_core.data.preprocess import fit, principal
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec

rng = np.random.default_rng(0)


def raw(X, **more):
    n, d = X.shape
    return Raw(X=X, y=np.arange(n) % 2, ids=np.arange(n), X_test=X[:3], y_test=np.arange(3) % 2,
               feature_names=tuple(f"x{j}" for j in range(d)), class_names=("a", "b"), **more)  # fmt: skip


PIXELS = rng.integers(0, 256, (50, 12)).astype(np.uint8)
TABLE = rng.standard_normal((50, 6)) * [1, 10, 100, 1, 0.1, 3] + 5


def test_unit_ball_scales_the_largest_row_norm_to_one_and_keeps_zero():
    for X in (PIXELS, TABLE):
        map_ = fit(raw(X, pixel_max=255.0 if X is PIXELS else None), kind="unit-ball")
        norms = np.linalg.norm(map_.forward(X), axis=1)
        assert norms.max() == pytest.approx(1, abs=1e-12)
        assert not map_.forward(np.zeros(X.shape[1])).any()


def test_unit_ball_of_black_images_stays_black():
    assert not fit(raw(np.zeros((4, 2), np.uint8), pixel_max=255.0), kind="unit-ball").forward(np.zeros((4, 2))).any()


def test_none_divides_pixels_by_their_maximum_and_is_the_identity_for_tables():
    assert np.allclose(fit(raw(PIXELS, pixel_max=255.0), kind="none").forward(PIXELS), PIXELS / 255, rtol=1e-15)
    assert np.array_equal(fit(raw(TABLE), kind="none").forward(TABLE), TABLE)


def test_standardise_gives_mean_zero_and_population_standard_deviation_one():
    for X, pixel_max in ((PIXELS, 255.0), (TABLE, None)):
        Z = fit(raw(X, pixel_max=pixel_max), kind="standardise").forward(X)
        assert np.abs(Z.mean(axis=0)).max() < 1e-12  # rounding of a mean of 50
        assert np.allclose(Z.std(axis=0), 1)


def test_standardise_makes_constant_columns_exactly_zero_and_leaves_one_hot_columns():
    X = TABLE.copy()
    X[:, 1] = 0.1 + 0.2  # a mean of 50 of these is not exactly this number
    X[:, 2] = np.arange(50) % 2
    map_ = fit(raw(X, continuous=(0, 1, 3, 4, 5)), kind="standardise")
    Z = map_.forward(X)
    assert not Z[:, 1].any() and map_.scale[1] == 1
    assert np.array_equal(Z[:, 2], X[:, 2])


@pytest.mark.parametrize("kind", ["unit-ball", "standardise", "none"])
@pytest.mark.parametrize("pca", [None, 6])
def test_backward_undoes_forward(kind, pca):
    map_ = fit(raw(TABLE), kind=kind, pca=pca)  # all six directions: nothing is lost
    assert np.allclose(map_.backward(map_.forward(TABLE)), TABLE, rtol=1e-10)
    assert np.allclose(map_.forward(TABLE[1]) - map_.forward(TABLE[0]), (TABLE[1] - TABLE[0]) @ map_.jacobian(6))


@pytest.mark.parametrize("shape", [(60, 8), (8, 60), (20, 20)])
def test_principal_directions_are_those_of_scikit_learn_up_to_sign(shape):
    X = rng.standard_normal(shape) * np.linspace(1, 3, shape[1]) + 2
    k = 5
    mean, V = principal(X, k)
    reference = PCA(k, svd_solver="full").fit(X)
    assert np.allclose(V.T @ V, np.eye(k), atol=1e-12)
    assert np.allclose(np.abs(V.T @ reference.components_.T), np.eye(k), atol=1e-8)
    assert np.allclose(np.var((X - mean) @ V, axis=0, ddof=1), reference.explained_variance_)
    assert (V[np.abs(V).argmax(axis=0), np.arange(k)] > 0).all()


def test_the_error_for_too_large_a_pca_names_the_largest_value():
    with pytest.raises(BadRequest, match="at most 6 directions .* got 7"):
        fit(raw(TABLE), kind="none", pca=7)
    with pytest.raises(BadRequest, match="at most 4 directions"):
        fit(raw(TABLE[:4]), kind="none", pca=5)


def test_after_pca_features_are_components_and_there_are_no_groups():
    data = load(DataSpec(name="synthetic:100x10", pca=4))
    assert data.feature_names == ("pc1", "pc2", "pc3", "pc4") and data.groups == {}
    assert len(data.source_names) == 10 and data.source.shape == (100, 10)
    assert np.abs(data.X.mean(axis=0)).max() < 1e-12
    assert np.allclose(data.X, data.preprocessing.forward(data.source))


def test_the_training_map_is_applied_to_the_test_rows():
    plain, scaled = (load(DataSpec(name="breast-cancer", preprocess=kind)) for kind in ("none", "standardise"))
    mean, std = plain.X.mean(axis=0), plain.X.std(axis=0)
    assert np.allclose(scaled.X_test, (plain.X_test - mean) / std)
