from functools import partial

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.scan.limits import LOCAL_LIMITS
from sandseg.scan.several.joining import join_slices, open_slice
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.scan.several.slice_files import slices_of


@pytest.fixture
def join(tmp_path):
    """Write arrays under names, and join the files."""

    def join(arrays):
        for name, array in arrays.items():
            tifffile.imwrite(tmp_path / name, array, photometric="minisblack")
        files = slices_of([(name, tmp_path / name) for name in arrays])
        return join_slices(files, LOCAL_LIMITS, partial(open_slice, limits=LOCAL_LIMITS))

    return join


def test_slices_are_read_when_asked_for_in_the_order_of_their_numbers(join, rng):
    slices = {f"s{z}.tif": rng.integers(0, 99, (6, 7)).astype(np.uint8) for z in (10, 8, 9)}

    with join(slices) as stack:
        assert (stack.shape, stack.apart, stack.warnings) == ((3, 6, 7), "", ())
        for z, name in enumerate(("s8.tif", "s9.tif", "s10.tif")):
            np.testing.assert_array_equal(stack.read_slice(z), slices[name])


def test_a_missing_number_is_warned_of_and_slices_lie_apart(join):
    with join({f"s{z}.tif": np.zeros((6, 7), np.uint8) for z in (1, 2, 4)}) as stack:
        assert "slice 3 seems to be missing" in stack.warnings[0]
        assert stack.apart == '"s4.tif" follows "s2.tif"'


@pytest.mark.parametrize("odd", [np.zeros((6, 8), np.uint8), np.zeros((2, 6, 7), np.uint8)])
def test_what_does_not_fit_may_be_another_scan(join, odd):
    with pytest.raises(SeveralScansError, match=r"s2\.tif"):
        join({"s1.tif": np.zeros((6, 7), np.uint8), "s2.tif": odd})


def test_a_slice_that_is_damaged_is_named(join, tmp_path):
    good = np.zeros((6, 7), np.uint8)
    with join({"s1.tif": good, "s2.tif": good}) as stack:
        (tmp_path / "s2.tif").write_bytes(b"II*\0")
        with pytest.raises(StackError, match=r"s2\.tif"):
            stack.read_slice(1)
