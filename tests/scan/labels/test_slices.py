import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.classes import IGNORED
from sandseg.errors import LabelError
from sandseg.scan.labels.slices import (
    parse_label_slices,
    place_labels,
    place_slices,
    placed_note,
    positions_by_name,
)


@pytest.mark.parametrize(
    ("names", "n_slices", "expected"),
    [
        (["a.tif", "b.tif"], 2, (0, 1)),
        (["s100.tif", "s101.tif", "s102.tif"], 3, (0, 1, 2)),
        (["s0.tif", "s7.tif"], 8, (0, 7)),
        (["s3.tif", "s8.tif"], 8, (2, 7)),
        (["scan2_z000.tif", "scan2_z004.tif"], 9, (0, 4)),
    ],
)
def test_numbers_in_names_say_which_slices_are_meant(names, n_slices, expected):
    assert positions_by_name(names, n_slices) == expected


FILES = [f"rec{z:04}.tif" for z in range(3, 11)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["mask_5.tif", "mask_8.tif"], (2, 5)),
        (["l3.png"], (0,)),
        ([f"m{z}.tif" for z in range(3, 11)], tuple(range(8))),
    ],
)
def test_labels_have_the_numbers_of_the_files_of_their_slices(names, expected):
    assert positions_by_name(names, 8, FILES) == expected


@pytest.mark.parametrize("names", [["m0.tif", "m1.tif"], ["m8.tif", "m11.tif"], ["a.tif", "b.tif"]])
def test_labels_of_no_slice_that_has_a_file_are_refused(names):
    with pytest.raises(LabelError, match="No slices have files"):
        positions_by_name(names, 8, FILES)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["s3.tif", "s5.tif"], "counted from 0 or from 1"),
        (["a.tif", "b.tif"], "do not say for which"),
        (["s3.tif", "t3.tif"], "do not say for which"),
        (["s3.tif", "s9.tif"], "the slices 1 to 8"),
        (["s0.tif", "s8.tif"], "the slices 1 to 8"),
        ([f"{z}.tif" for z in range(9)], "9 label files for 8 slices"),
    ],
)
def test_where_names_leave_room_for_doubt_nothing_is_guessed(names, message):
    with pytest.raises(LabelError, match=message):
        positions_by_name(names, 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3,7,12", (2, 6, 11)), (" 3 - 5".replace(" ", ""), (2, 3, 4)), ("1; 4", (0, 3)), ("", ())],
)
def test_slices_are_written_as_people_count_them(text, expected):
    assert parse_label_slices(text) == expected


@pytest.mark.parametrize("text", ["0", "a", "3,3", "5-3", "-1"])
def test_what_names_no_slices_is_refused(text):
    with pytest.raises(LabelError):
        parse_label_slices(text)


def test_labels_go_where_they_belong_and_the_rest_is_not_labelled(rng):
    labels = rng.integers(0, 4, (2, 3, 5)).astype(np.uint8)

    placed = place_labels(labels, (4, 1), 6)

    np.testing.assert_array_equal(placed[[4, 1]], labels)
    assert (placed[[0, 2, 3, 5]] == IGNORED).all()
    assert placed_note((4, 1), 6) == "Labels are those of slices 2, 5 of 6."
    assert not placed_note(range(6), 6)


@pytest.mark.parametrize("positions", [(0,), (0, 6), (0, 1, 2)])
def test_labels_without_a_place_are_refused(positions):
    with pytest.raises(LabelError):
        place_labels(np.zeros((2, 3, 5), np.uint8), positions, 6)


@given(st.permutations(range(6)), st.integers(1, 6))
def test_slices_come_one_by_one_as_all_at_once(positions, n_labels):
    labels = np.arange(n_labels, dtype=np.uint8)[:, None, None]
    positions = positions[:n_labels]

    found = [*place_slices(labels, labels.shape, positions, 6)]

    assert [int(one[0, 0]) for one in found] == [
        positions.index(z) if z in positions else IGNORED for z in range(6)
    ]
