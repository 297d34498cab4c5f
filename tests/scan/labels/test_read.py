import numpy as np
import pytest
import tifffile
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.errors import LabelError, StackError
from sandseg.export.tiff import write_labels
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.coding import parse_label_colors, parse_label_values
from sandseg.scan.labels.colors import SANDSTONE_RGB
from sandseg.scan.labels.files import Meanings
from sandseg.scan.labels.read import (
    check_same_shape,
    decode_labels,
    map_labels,
    read_labels,
    read_labels_for,
)
from sandseg.scan.stack import Stack
from tests.made_tiffs import tiff_bytes


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_labels_are_read_in_every_whole_number_type(rng, dtype):
    labels = rng.integers(0, 4, (5, 12, 13)).astype(np.uint8)

    found = read_labels(tiff_bytes(labels.astype(dtype), compression="zlib"))

    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, labels)


def test_labels_from_one_are_shifted_by_what_the_whole_stack_holds(rng):
    labels = rng.integers(0, 4, (5, 12, 13)).astype(np.uint8)
    labels[0] = 1  # alone, this slice could be either coding
    raw = labels + 1
    raw[2, 0, 0] = 0

    found = read_labels(tiff_bytes(raw))

    labels[2, 0, 0] = IGNORED
    np.testing.assert_array_equal(found, labels)


def test_labels_in_the_sandstones_colors_are_decoded(rng):
    labels = rng.integers(0, 4, (2, 12, 13)).astype(np.uint8)
    colors = np.array([(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0)], np.uint8)

    np.testing.assert_array_equal(
        read_labels(tiff_bytes(colors[labels], photometric="rgb")), labels
    )


def test_labels_saved_as_grey_rgb_are_decoded(rng):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    data = tiff_bytes(np.stack([labels] * 3, axis=-1), photometric="rgb")

    np.testing.assert_array_equal(read_labels(data), labels[None])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.array([[0, 9]], np.uint8), "holds the values 0, 9; expected are 0 to 3"),
        (np.array([[0, 300]], np.uint16), "holds the values 0, 300"),
        (np.array([[-1, 3]], np.int16), "holds the values -1, 3"),
        (np.array([[0.5, 1]], np.float32), "holds fractions"),
    ],
)
def test_values_that_are_no_labels_are_refused(raw, message):
    with pytest.raises(LabelError, match=message):
        read_labels(tiff_bytes(raw))


def test_signed_colors_that_are_no_labels_are_refused():
    colors = np.arange(60, dtype=np.int8).reshape(4, 5, 3)

    with pytest.raises(LabelError):
        read_labels(tiff_bytes(colors, photometric="rgb", metadata=None))


def test_a_damaged_label_file_is_an_error_of_the_file():
    with pytest.raises(StackError, match="is empty"):
        read_labels(b"")


def test_labels_of_another_size_are_refused(volume):
    stack = Stack.from_array(volume, "rock")
    check_same_shape(stack, volume)
    with pytest.raises(
        LabelError, match="is 5 slices of 24 × 31 pixels, but the labels are 1 slice of 24 × 30"
    ):
        check_same_shape(stack, volume[:1, :, :30])


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
    labels.flat[0] = 0  # without it they may as well be counted from 1
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
    assume(first == 1 or 0 in labels)

    np.testing.assert_array_equal(decode_labels(raw), labels)


@settings(max_examples=40)
@given(LABELS, st.sampled_from([np.uint8, np.uint16, np.int32]))
def test_colors_become_labels(labels, dtype):
    labels.flat[0] = 3  # without yellow they may as well be one-hot masks
    np.testing.assert_array_equal(decode_labels(COLORS[labels].astype(dtype)), labels)


def test_a_few_pixels_of_other_colors_are_ignored():
    raw = np.zeros((20, 20, 3), np.uint8)
    raw[..., 2] = 255
    raw[0, :2] = (255, 0, 255), (40, 20, 230)

    found = decode_labels(raw)

    assert found[0, 0] == IGNORED
    assert (found.ravel()[1:] == 0).all()  # a bluish one, as JPEG makes it, is blue


def test_a_file_in_other_colors_is_refused():
    raw = np.zeros((20, 20, 3), np.uint8)
    raw[:10, :, 2] = 255
    raw[10:] = (255, 0, 255)

    with pytest.raises(LabelError, match="50% of the colored labels .* has colors other") as caught:
        decode_labels(raw)
    assert "--label-colors" in caught.value.hint


def test_colors_of_more_classes_than_asked_for_are_refused():
    raw = COLORS[np.array([[0, 1], [3, 0]])]

    with pytest.raises(LabelError, match="shows pyrite, which is class 3, but there are only 2"):
        decode_labels(raw, n_classes=2)


@pytest.mark.parametrize("n_classes", [2, 3, 8])
def test_the_number_of_classes_tells_the_coding(n_classes):
    from_0 = np.arange(n_classes)[None]

    np.testing.assert_array_equal(decode_labels(from_0, n_classes), from_0)
    np.testing.assert_array_equal(decode_labels(from_0 + 1, n_classes), from_0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([255], "holds no label"),
        ([0, 255], "a mask of two classes where 4 are wanted"),
        ([1, 2, 3], "can be read in two ways"),
        ([2, 3], "can be read in two ways"),
    ],
)
def test_what_can_be_read_in_more_than_one_way_is_asked_about(values, message):
    with pytest.raises(LabelError, match=message) as caught:
        decode_labels(np.array([values], np.uint8))
    assert "--label-values" in caught.value.hint


def test_a_mask_of_0_and_255_holds_two_classes_where_two_are_wanted():
    raw = np.array([[0, 255], [255, 0]], np.uint8)

    np.testing.assert_array_equal(decode_labels(raw, n_classes=2), raw // 255)


def test_nan_is_not_labelled():
    found = decode_labels(np.array([[0.0, 3.0, np.nan]]))

    np.testing.assert_array_equal(found, [[0, 3, IGNORED]])


def test_labels_of_this_program_are_certain(tmp_path):
    labels = np.full((4, 5), 2, np.uint8)
    write_labels(tmp_path / "own.tif", [labels])

    np.testing.assert_array_equal(read_labels(tmp_path / "own.tif"), labels[None])


@pytest.mark.parametrize("where", [0, -1])
def test_one_hot_masks_are_recognised(rng, where):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    masks = np.moveaxis(np.eye(4, dtype=np.uint8)[labels] * 255, -1, where)
    options = {"planarconfig": "separate" if where == 0 else "contig"}

    found = read_labels(tiff_bytes(masks, photometric="minisblack", metadata=None, **options))

    np.testing.assert_array_equal(found, labels[None])


def test_what_values_and_colors_mean_can_be_said():
    values = Meanings(parse_label_values("1=air,2=Clay,0=-", SANDSTONE))
    colors = Meanings(colors=parse_label_colors("white=quartz,#000000=air", SANDSTONE))
    grey, color = np.array([[0, 1, 2]], np.uint8), np.array([[[0] * 3, [255] * 3, [3] * 3]], "u1")
    color[0, 2] = 9, 3, 3

    np.testing.assert_array_equal(
        read_labels(tiff_bytes(grey), meanings=values), [[[IGNORED, 0, 1]]]
    )
    np.testing.assert_array_equal(
        read_labels(tiff_bytes(color, photometric="rgb"), meanings=colors), [[[0, 2, 0]]]
    )


@pytest.mark.parametrize("text", ["1", "1=mud", "one=air", "=air"])
def test_what_gives_no_value_a_class_is_refused(text):
    with pytest.raises(LabelError):
        parse_label_values(text, SANDSTONE)


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ("mask_0_255/truth_0_255.tif", "a mask of two classes"),
        ("mask_0_255/truth_255_only.tif", "holds no label"),
        ("missing_class/truth_1based_nopyrite.tif", "can be read in two ways"),
        ("missing_class/truth_1based_noair_nopyrite.tif", "can be read in two ways"),
        ("missing_class/lab_tableau.tif", "has colors other than"),
        ("one_hot/yxc_3classes_255.tif", "one-hot masks"),
    ],
)
def test_peoples_label_files_are_asked_about(cases_dir, case, outcome):
    with pytest.raises(LabelError, match=outcome):
        read_labels(cases_dir / case)


@pytest.mark.parametrize(
    ("case", "truth"),
    [
        ("missing_class/truth_1based_full.tif", "missing_class/truth0.tif"),
        ("missing_class/lab_rgb16.tif", "missing_class/truth0.tif"),
        ("missing_class/lab_antialiased.tif", "missing_class/truth0.tif"),
        ("one_hot/yxc_255.tif", "one_hot/truth.tif"),
    ],
)
def test_peoples_label_files_are_understood(cases_dir, case, truth):
    found, true = read_labels(cases_dir / case), read_labels(cases_dir / truth)

    assert (found == true)[found != IGNORED].mean() > 0.97
    assert (found != IGNORED).mean() > 0.95


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


def test_fractions_are_refused():
    with pytest.raises(LabelError, match="holds fractions") as caught:
        decode_labels(np.array([[0.0, 1.0, 0.5]]))
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


def test_sandstone_is_numbered_in_order_and_air_alone_is_pore():
    assert [material.value for material in SANDSTONE] == [0, 1, 2, 3]
    assert [material.name for material in SANDSTONE if material.is_pore] == ["air"]
    assert sorted(SANDSTONE_RGB.values()) == [0, 1, 2, 3]


def test_labels_in_files_belong_to_the_slices_whose_files_have_their_numbers(tmp_path, rng):
    (tmp_path / "scan").mkdir()
    (tmp_path / "masks").mkdir()
    labels = rng.integers(0, 4, (6, 8, 9)).astype(np.uint8)
    for z, image in enumerate(labels):
        tifffile.imwrite(tmp_path / "scan" / f"rec{z + 3:04}.tif", image * 60)
    for number in (5, 6):  # neither from 0 nor from 1: rec0003 is the first
        tifffile.imwrite(tmp_path / "masks" / f"mask_{number}.tif", labels[number - 3])

    with open_stack(tmp_path / "scan") as stack:
        found, note = read_labels_for(stack, tmp_path / "masks")

    np.testing.assert_array_equal(found[[2, 3]], labels[[2, 3]])
    assert (np.delete(found, (2, 3), axis=0) == IGNORED).all()
    assert note == "Labels are those of slices 3, 4 of 6."
