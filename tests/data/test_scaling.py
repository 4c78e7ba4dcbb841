"""Pictures made like those of a data set: size, colour and range of values, against means that are taken literally."""

from __future__ import annotations

import numpy as np
import pytest
from file_parts import image

from fil_core.data.own.decoding import pixels as decoded
from fil_core.data.scaling import scaled

RANDOM = np.random.default_rng(4)
GREY = RANDOM.integers(0, 256, (3, 12, 8), np.uint8)
COLOUR = RANDOM.integers(0, 256, (3, 12, 8, 3), np.uint8)


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_pictures_of_the_size_and_range_stay_as_they_are(pixels):
    found = scaled(pixels, shape=pixels.shape[1:])
    np.testing.assert_array_equal(found, pixels.reshape(3, -1))


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_a_whole_fraction_of_the_size_has_the_means_of_blocks(pixels):
    found = scaled(pixels, shape=(4, 2, *pixels.shape[3:]))
    means = pixels.reshape(3, 4, 3, 2, 4, *pixels.shape[3:]).mean((2, 4))
    # Pillow rounds once for the rows and once for the columns.
    np.testing.assert_allclose(found.reshape(means.shape), means, atol=1.0, rtol=0)


def test_white_is_scaled_and_values_beyond_are_clipped():
    found = scaled(np.array([[[0.0, 8.0], [255.0, 300.0]]]), shape=(2, 2), to_white=16.0)
    assert found.dtype == np.uint8 and found.tolist() == [[0, 1, 16, 16]]  # 8 * 16 / 255 is 0.502
    assert scaled(np.array([[[16, 8, 0]]]), white=16.0, shape=(1, 3)).tolist() == [[255, 128, 0]]


def test_size_and_range_are_scaled_together():
    """28 x 28 pixels up to 255 become 8 x 8 up to 16, as the digits of scikit-learn are."""
    pixels = np.zeros((2, 28, 28), np.uint8)
    pixels[0, :, :14], pixels[1] = 255, 255
    found = scaled(pixels, shape=(8, 8), to_white=16.0).reshape(2, 8, 8)
    assert found[1].tolist() == [[16] * 8] * 8 and found[0].tolist() == [[16] * 4 + [0] * 4] * 8


def test_grey_is_repeated_in_all_channels():
    found = scaled(GREY, shape=(12, 8, 3)).reshape(3, 12, 8, 3)
    np.testing.assert_array_equal(found, np.repeat(GREY[..., None], 3, axis=3))


def test_colour_becomes_luma():
    found = scaled(COLOUR, shape=(12, 8)).reshape(3, 12, 8)
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, in which Pillow converts
    np.testing.assert_allclose(found, luma, atol=1.0, rtol=0)  # it cuts off where this is not rounded


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (20, 9)])
@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_pictures_are_resized_to_the_bit_as_those_of_own_data(pixels, shape):
    """So that a picture of the training data is the same row when it is uploaded again."""
    found = scaled(pixels, shape=shape)
    for row, each in zip(found, pixels, strict=True):
        own, _ = decoded("a.png", image(each), shape, len(shape) == 3)
        np.testing.assert_array_equal(row, own.reshape(-1))


def test_no_pictures_are_no_rows():
    assert scaled(GREY[:0], shape=(4, 4)).shape == (0, 16)
