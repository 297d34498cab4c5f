import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.raw.nrrd import read_nrrd


def header(more="", encoding="raw", kind="short"):
    text = f"NRRD0004\n# a remark\ntype: {kind}\ndimension: 3\nsizes: 4 5 6\n"
    return f"{text}encoding: {encoding}\nendian: big\n{more and more + chr(10)}\n".encode()


@pytest.mark.parametrize("kind", ["short", "signed short int", "int16_t"])
def test_a_type_has_many_names(kind):
    found = read_nrrd(header(kind=kind))

    assert (found.shape, found.dtype, found.file) == ((6, 5, 4), np.dtype(">i2"), "")
    assert found.n_bytes == len(header(kind=kind))


@pytest.mark.parametrize(
    ("more", "lengths", "units"),
    [
        ('spacings: 1 2 3\nunits: "um" "um" "mm"', (3, 2, 1), ("mm", "um", "um")),
        ('space directions: (2,0,0) (0,3,0) (0,0,4)\nspace units: "um" "um" "um"', (4, 3, 2), None),
    ],
)
def test_spacing_is_turned_to_z_y_x(more, lengths, units):
    found = read_nrrd(header(more))

    assert (found.lengths, found.units) == (lengths, units or ("um",) * 3)


def test_axes_that_are_turned_are_noted():
    assert "turned" in read_nrrd(header("space directions: (1,1,0) (0,1,0) (0,0,1)")).notes[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (header(encoding="ascii"), "written as ascii"),
        (header("data file: LIST"), "several files"),
        (header("kinds: RGB-color domain domain"), "several numbers"),
        (header(kind="block"), "type block"),
        (header("byte skip: -1\ndata file: a.gz", encoding="gzip"), "at the end of a file"),
    ],
)
def test_what_is_no_volume_of_grey_values_is_refused(text, why):
    with pytest.raises(StackError, match=why):
        read_nrrd(text)
