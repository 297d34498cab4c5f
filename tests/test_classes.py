import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandseg.classes import (
    IGNORED,
    SANDSTONE,
    SANDSTONE_RGB,
    SegmentationClass,
    decode_labels,
    map_labels,
    palette,
)
from sandseg.errors import LabelError

SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, max_side=12).filter(lambda shape: shape[-1] != 3)
LABELS = hnp.arrays(np.uint8, SHAPES, elements=st.integers(0, 3))
TYPES = st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
COLORS = np.array(sorted(SANDSTONE_RGB, key=SANDSTONE_RGB.get), np.uint8)


def is_left_out(labels):
    """Some pixels, drawn by the labels themselves."""
    return np.random.default_rng(int(labels.sum())).random(labels.shape) < 0.3


@settings(max_examples=40)
@given(LABELS, TYPES)
def test_labels_from_0_are_taken_as_they_stand(labels, dtype):
    found = decode_labels(labels.astype(dtype))

    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, labels)


@settings(max_examples=40)
@given(LABELS, TYPES)
def test_labels_from_1_are_shifted_and_0_is_ignored(labels, dtype):
    labels.flat[0] = 3  # the class that tells the codings apart
    raw = labels.astype(dtype) + 1
    raw[is_left_out(labels) & (labels < 3)] = 0

    found = decode_labels(raw)

    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.where(raw == 0, IGNORED, labels))


@settings(max_examples=40)
@given(LABELS, TYPES, st.sampled_from([0, 1]))
def test_255_is_ignored_in_both_codings(labels, dtype, first):
    labels.flat[0] = 3
    labels[is_left_out(labels) & (labels < 3)] = IGNORED
    raw = np.where(labels == IGNORED, IGNORED, labels + first).astype(dtype)

    np.testing.assert_array_equal(decode_labels(raw), labels)


@settings(max_examples=40)
@given(LABELS, st.sampled_from([np.uint8, np.uint16, np.int32]))
def test_colors_become_labels(labels, dtype):
    np.testing.assert_array_equal(decode_labels(COLORS[labels].astype(dtype)), labels)


def test_a_few_pixels_of_other_colors_are_ignored():
    raw = np.zeros((20, 20, 3), np.uint8)
    raw[..., 2] = 255
    raw[0, 0] = (254, 1, 0)

    found = decode_labels(raw)

    assert found[0, 0] == IGNORED
    assert (found.ravel()[1:] == 0).all()


def test_a_file_in_other_colors_is_refused():
    raw = np.zeros((20, 20, 3), np.uint8)
    raw[:10, :, 2] = 255
    raw[10:] = (255, 0, 255)

    with pytest.raises(
        LabelError, match="50% of the colored label file has colors other"
    ) as caught:
        decode_labels(raw)
    assert "whole numbers 0 to 3" in caught.value.hint


def test_colors_of_more_classes_than_asked_for_are_refused():
    raw = COLORS[np.array([[0, 1], [2, 0]])]

    with pytest.raises(LabelError, match="shows quartz, which is class 2, but there are only 2"):
        decode_labels(raw, n_classes=2)


@pytest.mark.parametrize("n_classes", [2, 3, 8])
def test_the_number_of_classes_tells_the_coding(n_classes):
    from_0 = np.arange(n_classes)[None]

    np.testing.assert_array_equal(decode_labels(from_0, n_classes), from_0)
    np.testing.assert_array_equal(decode_labels(from_0 + 1, n_classes), from_0)


def test_where_nobody_labelled_anything_all_is_ignored():
    raw = np.full((4, 5), IGNORED, np.uint8)

    np.testing.assert_array_equal(decode_labels(raw), raw)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ([0, 1, 7], "0, 1, 7"),
        ([-1, 0, 1], "-1, 0, 1"),
        ([-2, 0, 4], "-2, 0, 4"),
        ([0, 85, 170, 255], "0, 85, 170, 255"),
        ([-3, -1, 255], "-3, -1, 255"),
        (range(40), "0, 1, 2, 3, 4, 5, 6, 7 …"),
    ],
)
def test_unknown_values_are_shown(raw, shown):
    expected = f"holds the values {shown}; expected are 0 to 3, or 1 to 4 with 0"
    with pytest.raises(LabelError, match=expected) as caught:
        decode_labels(np.array([raw]))
    assert "not the image" in caught.value.hint


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_fractions_are_refused(value):
    with pytest.raises(LabelError, match="holds fractions") as caught:
        decode_labels(np.array([[0.0, 1.0, value]]))
    assert "8-bit" in caught.value.hint


@settings(max_examples=40)
@given(LABELS, st.permutations(range(10, 14)), TYPES)
def test_a_table_of_ones_own_gives_back_the_labels_whatever_numbers_stood_for_them(
    labels, numbers, dtype
):
    raw = np.array(numbers)[labels].astype(dtype)

    mapped = map_labels(raw, {number: value for value, number in enumerate(numbers)})

    assert mapped.dtype == np.uint8
    np.testing.assert_array_equal(mapped, labels)


def test_several_numbers_may_mean_one_class_or_nothing():
    raw = np.array([[0, 7, -3], [900, 7, 0]], np.int16)

    mapped = map_labels(raw, {0: IGNORED, 7: 2, 900: 2, -3: 1, 55: 0})

    assert mapped.tolist() == [[IGNORED, 2, 1], [2, 2, IGNORED]]


def test_numbers_nobody_gave_a_meaning_are_refused():
    with pytest.raises(LabelError, match="nobody gave a meaning: 8, 9") as refused:
        map_labels(np.array([[8, 1], [9, 1]]), {1: 0})

    assert "not labelled" in refused.value.hint


def test_the_palette_holds_each_class_at_its_label_and_black_elsewhere():
    colors = palette()

    assert (colors.shape, colors.dtype) == ((256, 3), np.uint8)
    for material in SANDSTONE:
        assert tuple(colors[material.value]) == material.rgb
        assert "#{:02X}{:02X}{:02X}".format(*material.rgb) == material.color
    assert not colors[len(SANDSTONE) :].any()


def test_a_palette_of_own_classes_holds_their_colors():
    colors = palette([SegmentationClass(9, "salt", "#0a14ff")])

    assert tuple(colors[9]) == (10, 20, 255)
    assert not np.delete(colors, 9, axis=0).any()


def test_sandstone_is_numbered_in_order_and_air_alone_is_pore():
    assert [material.value for material in SANDSTONE] == [0, 1, 2, 3]
    assert [material.name for material in SANDSTONE if material.is_pore] == ["air"]
    assert sorted(SANDSTONE_RGB.values()) == [0, 1, 2, 3]
