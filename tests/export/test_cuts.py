import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.classes import IGNORED
from sandseg.errors import StackError
from sandseg.export import cuts as planes
from sandseg.scan.formats import Stack


@pytest.fixture
def volume(rng):
    return rng.integers(0, 256, (5, 7, 9), dtype=np.uint8)


def test_every_cut_shows_the_voxels_of_the_volume(volume):
    for z, y, x in np.ndindex(volume.shape):
        assert planes.cut_xz(volume, y)[z, x] == volume[z, y, x]
        assert planes.cut_yz(volume, x)[z, y] == volume[z, y, x]


def test_a_volume_holds_its_slices_as_they_are_shown(volume):
    stack = Stack.from_array(volume.astype(np.uint16) * 100)

    np.testing.assert_array_equal(planes.display_volume(stack, 0, 25500), volume)


def test_a_damaged_slice_is_reported():
    def read(z):
        raise StackError(f"Slice {z + 1} is damaged.")

    stack = Stack("rock.tif", (2, 4, 4), np.uint8, read)

    with pytest.raises(StackError, match=re.escape("Slice 1 is damaged.")):
        planes.display_volume(stack, 0, 255)
    with pytest.raises(StackError, match=re.escape("Slice 1 is damaged.")):
        planes.survey_stack(stack, 0, 255)


def test_a_stack_of_a_quarter_gigabyte_is_cut_and_a_larger_one_is_not():
    assert planes.fits_in_memory((256, 1024, 1024))
    assert not planes.fits_in_memory((257, 1024, 1024))
    assert not planes.fits_in_memory((2**20, 2**20, 2**24))


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), scale=st.floats(0.1, 6))
def test_an_enlarged_picture_repeats_its_pixels_in_order_and_mixes_none(rows, columns, scale):
    picture = np.arange(rows * columns, dtype=np.uint16).reshape(rows, columns)

    large = planes.enlarge(picture, scale)

    assert large.shape == (max(1, round(rows * scale)), max(1, round(columns * scale)))
    assert np.isin(large, picture).all()
    assert (np.diff(large.astype(int), axis=0) >= 0).all()
    assert (np.diff(large.astype(int), axis=1) >= 0).all()


def test_pictures_are_enlarged_alike_until_one_fills_its_room():
    assert planes.scale_to_fit([(64, 256), (64, 128)], 200, 512) == 2
    assert planes.scale_to_fit([(250, 50), (250, 250)], 125, 500) == 0.5


@given(n_slices=st.integers(1, 3000), n=st.integers(1, 30))
def test_spread_slices_differ_and_reach_from_end_to_end(n_slices, n):
    slices = planes.spread_slices(n_slices, n)

    assert len(slices) == len(set(slices)) == min(n, n_slices)
    assert slices == sorted(slices)
    assert slices[0] == 0
    assert n == 1 or slices[-1] == n_slices - 1


@pytest.mark.parametrize("n", [1, 5, 12])
def test_a_contact_sheet_shows_every_picture(n):
    greys = [20 * (i + 1) for i in range(n)]
    pictures = [np.full((300, 300), grey, np.uint8) for grey in greys]

    sheet = planes.contact_sheet(pictures, [str(i) for i in range(n)], 4, 800)

    assert sheet.shape[1] <= 800
    shares = np.bincount(sheet.ravel(), minlength=256)[greys] / sheet.size
    assert (shares > 0.6 / (4 * -(-n // 4))).all()


def test_small_pictures_are_not_enlarged_in_a_contact_sheet():
    sheet = planes.contact_sheet([np.zeros((30, 40), np.uint8)] * 2, ["1", "2"], 4, 1000)

    assert sheet.shape == (30, 40 + planes.GAP + 40)


def test_counts_by_class_add_up_to_the_histogram(volume, rng):
    labels = rng.choice(np.array([0, 1, 2, IGNORED], np.uint8), volume.shape)

    counts = planes.count_greys(volume, labels, 3)

    np.testing.assert_array_equal(counts.sum(axis=0), np.bincount(volume.ravel(), minlength=256))
    np.testing.assert_array_equal(counts.sum(axis=1)[:3], [(labels == i).sum() for i in range(3)])
    assert counts[3].sum() == (labels == IGNORED).sum()
    assert counts[1, 7] == ((labels == 1) & (volume == 7)).sum()


def test_without_labels_every_pixel_is_counted_as_unlabelled(volume):
    counts = planes.count_greys(volume, None, 4)

    assert counts[4].sum() == volume.size
    assert not counts[:4].any()


def test_the_survey_of_a_stack_is_the_sum_over_its_slices(volume, rng):
    labels = rng.integers(0, 2, volume.shape, np.uint8)

    found = planes.survey_stack(Stack.from_array(volume), 0, 255, labels, 2)

    slices = [planes.count_greys(volume[z], labels[z], 2) for z in range(5)]
    np.testing.assert_array_equal(found.counts, np.sum(slices, axis=0))
    assert (found.low, found.high) == (volume.min(), volume.max())
    assert found.n_slices == 5


def test_pixels_that_are_no_numbers_have_no_part_in_the_range():
    image = np.array([[[0.5, np.nan], [-np.inf, 3.0]], [[np.nan] * 2] * 2], np.float32)

    found = planes.survey_stack(Stack.from_array(image), 0, 1)

    assert (found.low, found.high) == (0.5, 3.0)


def test_of_a_large_stack_some_slices_are_surveyed(monkeypatch):
    monkeypatch.setattr(planes, "LARGEST_COUNT", 1000)
    stack = Stack.from_array(np.zeros((100, 8, 8), np.uint8))

    assert planes.survey_stack(stack, 0, 255).n_slices == planes.N_COUNTED
