import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.errors import StackError
from sandseg.export import cuts
from sandseg.grey.survey import survey_stack
from sandseg.scan.stack import Stack


@pytest.fixture
def volume(rng):
    return rng.integers(0, 256, (5, 7, 9), dtype=np.uint8)


def test_every_cut_shows_the_voxels_of_the_volume(volume):
    for z, y, x in np.ndindex(volume.shape):
        assert cuts.cut_xz(volume, y)[z, x] == volume[z, y, x]
        assert cuts.cut_yz(volume, x)[z, y] == volume[z, y, x]


def test_a_volume_holds_its_slices_as_they_are_shown(volume):
    stack = Stack.from_array(volume.astype(np.uint16) * 100)

    np.testing.assert_array_equal(cuts.display_volume(stack, 0, 25500), volume)


def test_a_damaged_slice_is_reported():
    def read(z):
        raise StackError(f"Slice {z + 1} is damaged.")

    stack = Stack("rock.tif", (2, 4, 4), np.uint8, read)

    with pytest.raises(StackError, match=re.escape("Slice 1 is damaged.")):
        cuts.display_volume(stack, 0, 255)
    with pytest.raises(StackError, match=re.escape("Slice 1 is damaged.")):
        survey_stack(stack, 0, 255)


def test_a_stack_of_a_quarter_gigabyte_is_cut_and_a_larger_one_is_not():
    assert cuts.fits_in_memory((256, 1024, 1024))
    assert not cuts.fits_in_memory((257, 1024, 1024))
    assert not cuts.fits_in_memory((2**20, 2**20, 2**24))


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), scale=st.floats(0.1, 6))
def test_an_enlarged_picture_repeats_its_pixels_in_order_and_mixes_none(rows, columns, scale):
    picture = np.arange(rows * columns, dtype=np.uint16).reshape(rows, columns)

    large = cuts.enlarge(picture, scale)

    assert large.shape == (max(1, round(rows * scale)), max(1, round(columns * scale)))
    assert np.isin(large, picture).all()
    assert (np.diff(large.astype(int), axis=0) >= 0).all()
    assert (np.diff(large.astype(int), axis=1) >= 0).all()


def test_pictures_are_enlarged_alike_until_one_fills_its_room():
    assert cuts.scale_to_fit([(64, 256), (64, 128)], 200, 512) == 2
    assert cuts.scale_to_fit([(250, 50), (250, 250)], 125, 500) == 0.5


@pytest.mark.parametrize("n", [1, 5, 12])
def test_a_contact_sheet_shows_every_picture(n):
    greys = [20 * (i + 1) for i in range(n)]
    pictures = [np.full((300, 300), grey, np.uint8) for grey in greys]

    sheet = cuts.contact_sheet(pictures, [str(i) for i in range(n)], 4, 800)

    assert sheet.shape[1] <= 800
    shares = np.bincount(sheet.ravel(), minlength=256)[greys] / sheet.size
    assert (shares > 0.6 / (4 * -(-n // 4))).all()


def test_small_pictures_are_not_enlarged_in_a_contact_sheet():
    sheet = cuts.contact_sheet([np.zeros((30, 40), np.uint8)] * 2, ["1", "2"], 4, 1000)

    assert sheet.shape == (30, 40 + cuts.GAP + 40)
