import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.raw.vgi import read_vgi

TEXT = """{volume1}
[representation]
size = 4 5 6
datatype = unsigned integer
bitsperelement = 16
[file1]
SkipHeader = 0
FileFormat = raw
Size = 4 5 6
Name = rock.vol
Datatype = unsigned integer
BitsPerElement = 16
{volumeprimitive1}
[geometry]
resolution = 0.002 0.002 0.005
unit = mm
"""


def test_size_type_file_and_spacing_are_found_in_their_sections():
    found = read_vgi(TEXT.encode())

    assert (found.shape, found.dtype, found.file) == ((6, 5, 4), np.dtype("<u2"), "rock.vol")
    assert (found.lengths, found.units) == ((0.005, 0.002, 0.002), ("mm",) * 3)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Name = rock.vol\n", "", "names no file"),
        ("FileFormat = raw", "FileFormat = jpeg", "in the form jpeg"),
        ("BitsPerElement = 16", "BitsPerElement = 12", "12 bits"),
        ("[file1]", "[file1]\nName = a.vol\n[file2]", "names 2 files"),
    ],
)
def test_what_is_no_volume_of_grey_values_is_refused(old, new, why):
    with pytest.raises(StackError, match=why):
        read_vgi(TEXT.replace(old, new).encode())
