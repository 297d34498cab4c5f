from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.data.scanner import ScannerConfig, attenuation, scan_slice, scan_slices
from sandseg.errors import ConfigError

SIZE = 96
PERFECT = ScannerConfig(photons=0, blur=0, hardening=0, grain_spread=0, n_angles=180)


@pytest.fixture(scope="module")
def core():
    """(Y, X) labels of a core in air: grain with a pore, a clay and a pyrite in it."""
    y, x = np.ogrid[:SIZE, :SIZE]
    labels = np.where((y - 48) ** 2 + (x - 48) ** 2 < 40**2, 2, 0).astype(np.uint8)
    for value, (row, column) in zip((0, 1, 3), ((30, 40), (60, 34), (52, 66)), strict=True):
        labels[(y - row) ** 2 + (x - column) ** 2 < 7**2] = value
    return labels


def scan(labels, config):
    return next(iter(scan_slices([labels], config)))


def spread(labels, image, value=2):
    """How much grey values differ within a class, away from its border."""
    from scipy.ndimage import binary_erosion

    return float(image[binary_erosion(labels == value, iterations=4)].std())


def test_a_perfect_scanner_shows_each_class_in_its_tone(core):
    image = scan(core, PERFECT)

    for value, tone in enumerate(PERFECT.tones):
        assert np.median(image[core == value]) == pytest.approx(255 * tone, abs=6)


def test_bits_are_as_many_as_wished_and_the_same_seed_is_the_same_scan(core):
    config = ScannerConfig(bits=16, seed=3)

    first, again, other = (scan(core, c) for c in (config, config, replace(config, seed=4)))

    assert (first.dtype, first.shape) == (np.uint16, core.shape)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.max() > 255


def test_fewer_photons_are_more_noise(core):
    noise = [spread(core, scan(core, replace(PERFECT, photons=n))) for n in (0, 1e5, 1e4)]

    assert noise[0] < noise[1] < noise[2]


def test_blur_softens_and_phase_contrast_sharpens_a_border(core):
    steps = [
        np.abs(np.diff(scan(core, change).astype(float)[48, 2:14])).max()
        for change in (replace(PERFECT, blur=2), PERFECT, replace(PERFECT, edges=2))
    ]

    assert steps[0] < steps[1] < steps[2]


def test_a_hardened_beam_leaves_the_middle_darker(core):
    disc = np.where(core > 0, 2, 0).astype(np.uint8)

    image = scan(disc, replace(PERFECT, hardening=0.3)).astype(float)

    assert image[44:52, 44:52].mean() < 0.95 * image[44:52, 12:18].mean()


def test_errors_of_the_detector_are_rings_that_stay_through_the_stack(core):
    config = replace(PERFECT, rings=0.05)

    first, second = scan_slices([core, core], config)
    clean = scan(core, PERFECT).astype(int)

    np.testing.assert_array_equal(first, second)
    assert np.abs(first - clean).mean() > 2


def test_rock_that_goes_on_outside_fills_the_picture():
    labels = np.full((64, 64), 2, np.uint8)

    beside = scan(labels, replace(PERFECT, surround="rock"))

    assert np.median(beside) == pytest.approx(255 * 0.5, abs=6)
    assert beside[:, :3].mean() == pytest.approx(255 * 0.5, abs=12)


@pytest.mark.parametrize("paint", [0.0, 0.5, 1.0])
def test_what_is_painted_is_one_value_outside_the_field_of_view(core, paint):
    image = scan(core, replace(ScannerConfig(), paint=paint))

    corners = image[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == round(255 * paint)).all()


def test_grains_of_a_class_differ_and_unlabelled_pixels_are_air(core):
    labels = core.copy()
    labels[:20] = IGNORED

    tones = attenuation(labels, ScannerConfig(grain_spread=0.1), np.random.default_rng(0))

    assert (tones[:20] == 0).all()
    assert len(np.unique(tones[labels == 2])) == 1  # one connected grain
    assert tones[labels == 2][0] != np.float32(0.5)


def test_a_slice_that_is_not_square_keeps_its_shape():
    tones = np.zeros((40, 70), np.float32)
    tones[10:30, 20:50] = 0.5

    made = scan_slice(tones, PERFECT)

    assert made.shape == tones.shape
    assert np.corrcoef(made.ravel(), tones.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    "setting",
    [{"n_angles": 2}, {"hardening": 2}, {"surround": "water"}, {"bits": 12}, {"paint": 3}]
    + [{"photons": -1}, {"blur": float("nan")}],
)
def test_settings_no_scanner_has_are_refused(setting):
    with pytest.raises(ConfigError):
        ScannerConfig(**setting)


def test_a_class_without_a_tone_is_refused(core):
    with pytest.raises(ConfigError, match="labels reach to 3, but there are 2"):
        scan(core, ScannerConfig(tones=(0, 1)))
