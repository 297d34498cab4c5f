import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colormaps

from sandseg.classes import IGNORED, SANDSTONE, palette
from sandseg.export.overlay import (
    INVENTED,
    MISSED,
    blend,
    confidence_colors,
    error_marks,
    errors_only,
)
from sandseg.grey.display import to_display

CLAY, QUARTZ = 1, 2


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (20, 30)).astype(np.uint8)


@pytest.fixture
def labels(rng):
    return rng.choice([0, 1, 2, 3, IGNORED], (20, 30)).astype(np.uint8)


def test_without_opacity_or_classes_the_slice_stays_grey(image, labels):
    grey = np.repeat(image[..., None], 3, axis=-1)

    np.testing.assert_array_equal(blend(image, labels, SANDSTONE, opacity=0), grey)
    np.testing.assert_array_equal(blend(image, labels, SANDSTONE, opacity=1, shown=[]), grey)


def test_at_full_opacity_only_the_colors_are_seen(image, labels):
    picture = blend(image, labels, SANDSTONE, opacity=1)

    known = labels != IGNORED
    np.testing.assert_array_equal(picture[known], palette(SANDSTONE)[labels[known]])
    np.testing.assert_array_equal(picture[~known], np.repeat(image[~known][:, None], 3, axis=1))


@given(opacity=st.floats(0, 1))
def test_a_blend_lies_between_slice_and_color(opacity):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    labels = (image % 4).astype(np.uint8)

    picture = blend(image, labels, SANDSTONE, opacity)

    exact = image[..., None] * (1 - opacity) + palette()[labels] * opacity
    np.testing.assert_allclose(picture, exact, atol=0.5001)


def test_classes_that_are_not_shown_stay_clear(image, labels):
    picture = blend(image, labels, SANDSTONE, 0.5, shown={CLAY})

    clear = labels != CLAY
    np.testing.assert_array_equal(picture[clear], np.repeat(image[clear][:, None], 3, axis=1))
    np.testing.assert_array_equal(picture[~clear], blend(image, labels, SANDSTONE, 0.5)[~clear])


def test_missed_and_invented_pixels_of_a_class_are_marked(image, labels, rng):
    predicted = rng.integers(0, 4, labels.shape).astype(np.uint8)

    picture = errors_only(image, labels, predicted, CLAY)

    missed = (labels == CLAY) & (predicted != CLAY)
    invented = (labels != CLAY) & (predicted == CLAY) & (labels != IGNORED)
    rest = ~missed & ~invented
    assert (picture[missed] == MISSED).all()
    assert (picture[invented] == INVENTED).all()
    np.testing.assert_array_equal(picture[rest], np.repeat(image[rest][:, None], 3, axis=1))


def test_without_a_class_every_wrong_pixel_is_marked(image, labels, rng):
    predicted = rng.integers(0, 4, labels.shape).astype(np.uint8)

    picture = errors_only(image, labels, predicted)

    wrong = (labels != predicted) & (labels != IGNORED)
    assert (picture[wrong] == MISSED).all()
    assert (picture[~wrong] == image[~wrong][:, None]).all()


def test_see_through_marks_are_mixed_with_the_slice(image, labels):
    predicted = np.full_like(labels, QUARTZ)

    half = errors_only(image, labels, predicted, opacity=0.5)

    wrong = (labels != QUARTZ) & (labels != IGNORED)
    exact = (image[wrong][:, None] + np.array(MISSED)) / 2
    np.testing.assert_allclose(half[wrong], exact, atol=0.5001)


def test_confidence_is_painted_in_cividis():
    confidence = np.linspace(0, 1, 256, dtype=np.float32)[None]

    expected = colormaps["cividis"](np.arange(256), bytes=True)[None, :, :3]
    np.testing.assert_array_equal(confidence_colors(confidence), expected)


def test_the_dark_end_of_confidence_can_be_raised():
    confidence = np.array([[0.0, 0.25, 1.0]])

    dark, also_dark, bright = confidence_colors(confidence, low=0.25)[0]

    np.testing.assert_array_equal(dark, also_dark)
    np.testing.assert_array_equal([dark, bright], confidence_colors(np.array([[0.0, 1.0]]))[0])


def test_pictures_do_not_change_what_they_show(image, labels):
    before = image.copy(), labels.copy()
    values = image.astype(np.float32)

    blend(image, labels, SANDSTONE, 0.5)
    errors_only(image, labels, labels, CLAY)
    to_display(values, 10, 20)

    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(labels, before[1])
    np.testing.assert_array_equal(values, image)


@pytest.mark.parametrize("class_value", [None, CLAY])
def test_marks_laid_over_a_slice_are_the_errors_on_it(image, labels, rng, class_value):
    predicted = rng.permuted(labels, axis=0)

    marks = error_marks(labels, predicted, class_value)

    laid = np.where(marks[..., 3:] > 0, marks[..., :3], image[..., None])
    np.testing.assert_array_equal(laid, errors_only(image, labels, predicted, class_value))
    assert (marks[..., 3] == 0).any()
