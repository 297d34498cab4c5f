import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from sandseg.errors import ConfigError, StackError
from sandseg.grey.finder import SampleFinder
from sandseg.grey.histograms import N_BINS, grey_histograms, histogram_distances
from sandseg.grey.mapping import (
    FITS,
    FOREIGN,
    GreyMapping,
    choose_mapping,
    fit_mapping,
    manual_mapping,
)
from sandseg.grey.sampling import sample_values
from sandseg.grey.verdict import STRANGE, judge
from sandseg.model.usual import Usual
from sandseg.scan.stack import Stack

# What another scanner or export makes of 8-bit grey values, and how exactly it can be undone.
CHANGES = {
    "none": (lambda x: x, 1e-6),
    "8 bits in 16": (lambda x: x.astype(np.uint16), 1e-6),
    "times 257": (lambda x: x.astype(np.uint16) * 257, 1e-6),
    "times 16": (lambda x: x.astype(np.uint16) * 16, 0.005),
    "times 40 plus 9000": (lambda x: x.astype(np.uint16) * 40 + 9000, 1e-6),
    "signed": (lambda x: x.astype(np.int16) * 20 - 1000, 1e-6),
    "float from 0 to 1": (lambda x: (x / 255).astype(np.float32), 1e-6),
    "float from 0 to 255": (lambda x: x.astype(np.float32), 1e-6),
    "float attenuation": (lambda x: x.astype(np.float32) * 11.3 - 950, 1e-5),
    "float64": (lambda x: x * 1e-7 + 3, 1e-5),
    "phase contrast": (lambda x: (x * 4e-10 - 1e-8).astype(np.float32), 1e-4),
    "low contrast": (lambda x: np.round(0.345 * x + 90).astype(np.uint8), 0.012),
}
INNER = slice(170, 850)  # inside the rock


def fitted(image, reference):
    return fit_mapping(sample_values(Stack.from_array(image)), reference)


@pytest.mark.parametrize("change", CHANGES)
def test_another_grey_scale_comes_back_to_the_models(training, reference, change):
    alter, tolerance = CHANGES[change]

    mapping = fitted(alter(training), reference)

    np.testing.assert_allclose(mapping.apply(alter(training)), training / 255, atol=tolerance)
    assert not mapping.warnings


@pytest.mark.parametrize("change", CHANGES)
def test_a_piece_from_inside_the_rock_comes_back_too(training, reference, change):
    alter, tolerance = CHANGES[change]
    piece = training[:, 16:80, 16:80]

    mapping = fitted(alter(piece), reference)

    # A piece may lack the darkest and brightest grey value of the whole.
    np.testing.assert_allclose(mapping.apply(alter(piece)), piece / 255, atol=tolerance + 0.03)
    assert not mapping.warnings


def test_8_bit_values_that_fit_stay_as_they_are(training, reference):
    mapping = fitted(training, reference)

    assert (mapping.low, mapping.high, mapping.kind) == (0, 255, "identity")
    assert mapping.distance == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("sigma", [4, 8, 16])
def test_noise_is_no_reason_to_stretch(training, reference, rng, sigma):
    noisy = np.clip(training + rng.normal(0, sigma, training.shape), 0, 255).astype(np.uint8)

    mapping = fitted(noisy, reference)

    assert mapping.kind == "identity"
    assert not mapping.warnings


def test_outliers_do_not_squeeze_the_rest(training, reference, rng):
    altered = training.astype(np.uint16) * 40 + 9000
    altered.flat[rng.choice(altered.size, 20, replace=False)] = 65535

    mapped = fitted(altered, reference).apply(altered)

    is_rest = altered < 65535
    np.testing.assert_allclose(mapped[is_rest], training[is_rest] / 255, atol=0.03)


def test_surroundings_painted_over_do_not_shift_the_rest(training, reference):
    altered = training.astype(np.uint16) * 40 + 9000
    altered[:, :20] = 0

    mapped = fitted(altered, reference).apply(altered)

    np.testing.assert_allclose(mapped[:, 20:], training[:, 20:] / 255, atol=0.01)


def test_empty_slices_at_the_end_of_a_scan_change_nothing(training, reference):
    scan = np.concatenate([training, np.zeros((24, *training.shape[1:]), np.uint8)])

    mapping = fitted(scan, reference)

    assert (mapping.kind, mapping.warnings) == ("identity", ())


def two_phases(rng):
    return np.where(rng.random((4, 96, 96)) < 0.5, 3.0, 13.0) + rng.normal(size=(4, 96, 96))


NO_ROCKS = {
    "one broad peak": lambda rng: rng.normal(160, 27, (4, 96, 96)).clip(0, 255).astype(np.uint8),
    "skewed, 16 bits": lambda rng: (rng.gamma(9, 1000, (4, 96, 96))).astype(np.uint16),
    "white noise": lambda rng: rng.random((4, 96, 96)),
    "two phases": two_phases,
}


@pytest.mark.parametrize("name", NO_ROCKS)
def test_a_scan_that_looks_like_no_rock_is_not_to_be_trusted(reference, rng, name):
    mapping = fitted(NO_ROCKS[name](rng), reference)

    assert mapping.distance > FOREIGN
    assert "Do not trust the labels." in mapping.warnings[0]


def test_an_inverted_scan_is_not_to_be_trusted(training, reference):
    assert fitted(255 - training, reference).distance > FOREIGN


INVERTED = {
    "8 bits": lambda x: 255 - x,
    "16 bits": lambda x: 65535 - x.astype(np.uint16) * 257,
    "signed": lambda x: 3000 - x.astype(np.int16) * 20,
    "float from 0 to 1": lambda x: (1 - x / 255).astype(np.float32),
    "float attenuation": lambda x: 2000 - x.astype(np.float32) * 11.3,
    "float phase": lambda x: ((255 - x.astype(np.float64)) * 3e-10).astype(np.float32),
}


@pytest.mark.parametrize("change", INVERTED)
def test_an_inverted_scan_comes_with_the_line_that_puts_it_right(training, reference, change):
    altered = INVERTED[change](training)

    mapping = fitted(altered, reference)

    assert not mapping.is_inverted
    right = manual_mapping(*mapping.inverse, altered.ravel(), reference)
    np.testing.assert_allclose(right.apply(altered), training / 255, atol=0.005)
    assert right.is_inverted
    assert (right.inverse, right.warnings) == (None, ())


@pytest.mark.parametrize("change", CHANGES)
def test_a_scan_that_is_not_inverted_is_not_taken_for_it(training, reference, change):
    assert fitted(CHANGES[change][0](training), reference).inverse is None


def test_noise_so_strong_that_it_blurs_the_peaks_does_not_bend_the_scale(training, reference, rng):
    noisy = np.clip(training + rng.normal(0, 32, training.shape), 0, 255).astype(np.uint8)

    mapping = fitted(noisy, reference)

    np.testing.assert_allclose(mapping.apply(training), training / 255, atol=0.1)


def test_a_scan_that_looks_a_little_different_is_to_be_checked():
    (warning,) = GreyMapping(0, 255, "matched", (FITS + FOREIGN) / 2).warnings

    assert "Check the labels by eye" in warning


def test_every_mapping_lies_between_black_and_white(training, reference):
    for line in ((50.0, 100.0), (100.0, 50.0), (-1e6, 1e-3)):
        mapped = GreyMapping(*line).apply(training)

        assert mapped.dtype == np.float32
        assert 0 <= mapped.min() <= mapped.max() <= 1


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 10**6), st.sampled_from(["u4", "i8", "f8"]))
def test_a_small_range_far_from_zero_is_mapped_exactly(low, width, dtype):
    greys = low + np.arange(5) * width
    mapping = GreyMapping(float(greys[0]), float(greys[-1]))

    np.testing.assert_allclose(
        mapping.apply(greys.astype(dtype)), [0, 0.25, 0.5, 0.75, 1], atol=1e-6
    )


def test_a_line_from_the_user_is_taken_as_it_is(training, reference):
    mapping = manual_mapping(14.0, 210.0, training, reference)

    assert (mapping.low, mapping.high, mapping.kind) == (14, 210, "manual")
    assert mapping.apply(np.array([14, 112, 210, 250])).tolist() == [0, 0.5, 1, 1]


def test_the_full_range_from_the_user_is_called_identity(training, reference):
    assert manual_mapping(0, 255, training.ravel(), reference).kind == "identity"


def test_a_line_from_white_to_black_inverts(training, reference):
    mapping = manual_mapping(255.0, 0.0, 255 - training.ravel(), reference)

    np.testing.assert_allclose(mapping.apply(255 - training), training / 255, atol=1e-6)
    assert mapping.distance < 0.02
    assert not mapping.warnings


def test_a_wrong_line_from_the_user_warns(training, reference):
    assert manual_mapping(0.0, 1000.0, training.ravel(), reference).warnings


@pytest.mark.parametrize("line", [(5, 5), (np.nan, 1), (0, np.inf)])
def test_a_line_that_spans_no_range_is_refused(training, reference, line):
    with pytest.raises(StackError, match="span no range") as caught:
        manual_mapping(*line, training.ravel(), reference)
    assert "two different grey values" in caught.value.hint


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_one_grey_value_throughout_is_refused(reference, dtype):
    values = np.full(100, 7, dtype)

    with pytest.raises(StackError, match="Every pixel is 7; nothing to segment"):
        fit_mapping(values, reference)
    with pytest.raises(StackError, match="Every pixel is 7; nothing to segment"):
        manual_mapping(0, 255, values, reference)


def test_two_grey_values_are_mapped_somehow(reference):
    values = np.zeros(10**6, np.uint8)
    values[3] = 9

    assert fit_mapping(values, reference).warnings


def test_pixels_that_are_no_numbers_are_left_out_of_the_sample(training, reference):
    image = training / 255
    image[:, :10] = np.nan
    image[0, 20, :3] = np.inf, -np.inf, np.nan

    values = sample_values(Stack.from_array(image))

    assert np.isfinite(values).all()
    assert values.size <= image[:, 10:].size - 3
    assert fit_mapping(values, reference).kind == "identity"


def test_a_stack_without_any_number_is_refused():
    with pytest.raises(StackError, match="No pixel of this stack holds a number") as caught:
        sample_values(Stack.from_array(np.full((2, 4, 5), np.nan)))
    assert "NaN" in caught.value.hint


def test_the_sample_is_spread_over_a_long_stack():
    read = []

    def read_slice(z):
        read.append(z)
        return np.arange(500_000, dtype=np.uint16).reshape(500, 1000) + np.uint16(z)

    values = sample_values(Stack("long", (1000, 500, 1000), np.uint16, read_slice))

    assert len(read) == 24
    assert (read[0], read[-1]) == (0, 999)
    assert np.ptp(np.diff(read)) <= 1
    assert values.dtype == np.uint16
    assert values.size <= 24 * 250_000


def test_black_and_white_values_can_be_sampled_and_mapped(reference):
    stack = Stack.from_array(np.eye(40) > 0)

    assert fit_mapping(sample_values(stack), reference).warnings


def test_histograms_hold_the_shares_of_mapped_values(rng):
    values = rng.integers(0, 256, 5000)
    lines = [(0, 255), (20.5, 190.25), (190.25, 20.5)]

    found = grey_histograms(np.sort(values.astype(float)), lines)

    for shares, line in zip(found, lines, strict=True):
        mapped = GreyMapping(*line).apply(values.astype(float))
        expected = np.histogram(mapped, N_BINS, range=(0, 1))[0] / values.size
        np.testing.assert_allclose(shares, expected, atol=1e-12)


def test_a_histogram_is_at_no_distance_from_itself_and_far_from_its_mirror(reference):
    near, far = histogram_distances(np.stack([reference, reference[::-1]]), reference)

    assert near == pytest.approx(0, abs=1e-6)
    assert FITS < far <= 1


def test_how_much_air_is_in_view_does_not_matter(training, reference, histogram_of):
    inside = histogram_of(training[:, 20:76, 20:76])
    surroundings = np.repeat(training[..., :8], 12, axis=-1)
    outside = histogram_of(np.concatenate([training, surroundings]))

    for shares in (inside, outside):
        assert histogram_distances(shares[None], reference)[0] < FITS


@pytest.fixture(scope="module")
def real_slices(sandstone_dir):
    names = ("0000", "0050", "0100", "0150", "0200", "0250")
    files = {name: sandstone_dir / "images" / f"Sandstone_Versa{name}.tif" for name in names}
    return {name: tifffile.imread(file) for name, file in files.items()}


@pytest.fixture(scope="module")
def real_reference(real_slices, histogram_of):
    return histogram_of([image for name, image in real_slices.items() if name != "0150"])


@pytest.mark.parametrize("part", [np.s_[:, :], np.s_[INNER, INNER], np.s_[380:636, 370:626]])
def test_real_slices_stay_as_they_are_and_nobody_is_warned(real_slices, real_reference, part):
    for image in real_slices.values():
        mapping = fitted(image[part], real_reference)

        assert (mapping.kind, mapping.warnings) == ("identity", ())


@pytest.mark.parametrize("change", CHANGES)
def test_a_real_slice_comes_back_from_another_grey_scale(real_slices, real_reference, change):
    alter, tolerance = CHANGES[change]
    image = real_slices["0150"]

    mapping = fitted(alter(image), real_reference)

    found = mapping.apply(alter(image[INNER, INNER]))
    np.testing.assert_allclose(found, image[INNER, INNER] / 255, atol=tolerance)
    assert not mapping.warnings


def test_another_scanners_sandstone_is_not_to_be_trusted(sandstone_dir, real_reference):
    path = sandstone_dir.parent / "other" / "porespy_binder_sandstone.tif"
    if not path.exists():
        pytest.skip(f"There is no {path}.")

    (warning,) = fitted(tifffile.imread(path), real_reference).warnings

    assert "Do not trust the labels." in warning


FLAT = np.full(256, 1 / 256)  # histogram of a model that knows all grey values alike


@pytest.fixture
def scan(grey_noise):
    return Stack.from_array(grey_noise(3, 40, 50))


def test_a_stack_on_the_models_scale_is_not_changed(rng):
    scan = Stack.from_array(rng.integers(0, 256, (3, 40, 50)).astype(np.uint8))

    mapping = choose_mapping(scan, FLAT)

    assert (mapping.kind, mapping.low, mapping.high) == ("identity", 0, 255)


@pytest.mark.parametrize(
    ("grey", "line"),
    [("identity", (0, 255)), ("10,90", (10, 90)), (" 1.5 , 200 ", (1.5, 200)), ("90,10", (90, 10))],
)
def test_the_user_may_say_what_is_black_and_white(scan, grey, line):
    mapping = choose_mapping(scan, FLAT, grey)

    assert (mapping.low, mapping.high) == line


@pytest.mark.parametrize("grey", ["", "dark", "1", "1,2,3", "1;2", "a,b"])
def test_another_grey_mapping_is_refused(scan, grey):
    with pytest.raises(ConfigError, match="is no grey mapping") as caught:
        choose_mapping(scan, FLAT, grey)
    assert "auto, identity" in caught.value.hint


@pytest.mark.parametrize("grey", ["5,5", "nan,1", "0,inf"])
def test_a_written_line_that_spans_no_range_is_refused(scan, grey):
    with pytest.raises(StackError, match="span no range"):
        choose_mapping(scan, FLAT, grey)


@pytest.mark.parametrize("grey", ["auto", "identity", "0,255"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_stack_of_one_grey_value_is_refused(grey, dtype):
    scan = Stack.from_array(np.full((2, 40, 40), 7, dtype))

    with pytest.raises(StackError, match="Every pixel is 7"):
        choose_mapping(scan, FLAT, grey)


def test_where_no_sample_is_found_a_model_for_any_rock_is_not_trusted(rng):
    air = Stack.from_array(rng.normal(20, 3, (2, 90, 90)).clip(0, 255).astype(np.uint8))
    nothing = SampleFinder(level=200.0)

    mapping = choose_mapping(air, np.ones(256) / 256, "auto", (0.06, 0.49), nothing)

    assert judge(mapping, [], Usual()).level == STRANGE
