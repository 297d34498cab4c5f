import numpy as np
import pytest
from scipy import ndimage

from sandseg.classes import SANDSTONE
from sandseg.grey.appearance import N_SLICES, look_at, slices_to_look_at


@pytest.mark.parametrize("n_slices", [1, 2, 3, 4, 64, 462])
def test_the_slices_looked_at_are_few_and_the_middle_one_is_among_them(n_slices):
    chosen = slices_to_look_at(n_slices)

    assert n_slices // 2 in chosen
    assert 1 <= len(chosen) <= min(n_slices, N_SLICES + 1)
    assert sorted(set(chosen)) == list(chosen)
    assert 0 <= chosen[0] <= chosen[-1] < n_slices


def test_noise_strengthens_the_finest_band_and_blur_weakens_it(rng):
    grey = ndimage.gaussian_filter(rng.normal(0.5, 1, (128, 128)), 2).astype(np.float32)
    labels = np.full(grey.shape, 2, np.uint8)
    noisy = grey + rng.normal(0, 0.05, grey.shape).astype(np.float32)

    plain, fine, soft = (
        look_at(image, labels, np.ones(grey.shape), SANDSTONE).texture[0]
        for image in (grey, noisy, ndimage.gaussian_filter(grey, 1))
    )

    assert soft < 0.9 * plain
    assert fine > 2 * plain


def test_a_rescaled_slice_has_the_texture_of_the_size_the_model_saw(small_phantom):
    image = ndimage.gaussian_filter(small_phantom.image[4] / np.float32(255), 3)
    labels, sure = small_phantom.labels[4], np.ones(image.shape, np.float32)
    half = image[::2, ::2]

    usual = look_at(image, labels, sure, SANDSTONE).texture
    seen = look_at(half, labels[::2, ::2], sure[::2, ::2], SANDSTONE, zoom=2.0).texture
    as_is = look_at(half, labels[::2, ::2], sure[::2, ::2], SANDSTONE).texture

    np.testing.assert_allclose(seen, usual, rtol=0.1)
    assert as_is[0] > 1.3 * usual[0]


def test_doubt_is_counted_inside_the_rock():
    labels = np.zeros((64, 64), np.uint8)
    labels[16:48, 16:48] = 2
    confidence = np.where(labels == 2, 0.9, 0.3)

    look = look_at(np.zeros((64, 64), np.float32), labels, confidence, SANDSTONE)

    assert look.doubt == pytest.approx(0.1, abs=1e-6)


def test_a_slice_without_any_rock_can_be_looked_at():
    blank = np.zeros((40, 40), np.uint8)

    look = look_at(blank.astype(np.float32), blank, np.full((40, 40), 0.75), SANDSTONE)

    assert look.doubt == pytest.approx(0.25)
    assert look.light is None
