import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.raw.header import AT_END
from sandseg.scan.raw.meta_image import read_meta_image


def header(file="rock.raw", **entries):
    usual = {"NDims": 3, "DimSize": "4 5 6", "ElementType": "MET_USHORT"}
    lines = usual | entries | {"ElementDataFile": file}  # it comes last
    return "".join(f"{name} = {value}\n" for name, value in lines.items()).encode()


def test_sizes_begin_with_the_fastest_axis_and_bytes_with_the_lowest():
    found = read_meta_image(header())

    assert (found.shape, found.dtype, found.file) == ((6, 5, 4), np.dtype("<u2"), "rock.raw")


@pytest.mark.parametrize("name", ["ElementByteOrderMSB", "BinaryDataByteOrderMSB"])
def test_the_byte_order_has_two_names(name):
    assert read_meta_image(header(**{name: "True"})).dtype == np.dtype(">u2")


def test_voxels_inside_begin_behind_the_header_and_may_be_packed():
    text = header("LOCAL", CompressedData="True")

    found = read_meta_image(text + b"\0" * 9)

    assert (found.file, found.n_bytes, found.packing) == ("", len(text), "zlib")
    assert read_meta_image(header(HeaderSize=-1)).n_bytes == AT_END


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"file": "LIST"}, "several files"),
        ({"file": "s%03d.raw 1 9 1"}, "several files"),
        ({"ElementNumberOfChannels": 3}, "3 numbers in each voxel"),
        ({"BinaryData": "False"}, "written as text"),
        ({"ElementType": "MET_STRING"}, "type MET_STRING"),
    ],
)
def test_what_is_no_volume_of_grey_values_is_refused(entries, why):
    with pytest.raises(StackError, match=why):
        read_meta_image(header(**entries))
