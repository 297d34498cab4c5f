import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.raw.file_name import RawGuess, UnknownLayoutError, guess_layout
from sandseg.scan.raw.layout import RawFormat


@pytest.mark.parametrize(
    ("name", "n_bytes", "width", "height", "n_slices", "dtype"),
    [
        ("rock_512x512x200_16bit.raw", 0, 512, 512, 200, "<u2"),
        ("rock_3x96x96_16bit.vol", 0, 96, 96, 3, "<u2"),
        ("a_996x1024x462_uint8.raw", 0, 996, 1024, 462, "u1"),
        ("Scan 640×480×7 float32 BE.raw", 0, 640, 480, 7, ">f4"),
        ("v-100x100x100-uint16be.raw", 0, 100, 100, 100, ">u2"),
        ("v_100x80x60_int16_big-endian.dat", 0, 100, 80, 60, ">i2"),
        ("v_100x80_8bit.bin", 16000, 100, 80, 2, "u1"),
        ("v_w100_h80_d60_float.raw", 0, 100, 80, 60, "<f4"),
        ("v_width=100_height=80_u8.raw", 24000, 100, 80, 3, "u1"),
        ("v_100x80x60.raw", 480_000, 100, 80, 60, "u1"),
        ("v_100x80x60.raw", 960_000, 100, 80, 60, "<u2"),
        ("v_100x80x60_32bit.raw", 0, 100, 80, 60, "<f4"),
        ("v_100x80x60_double.raw", 0, 100, 80, 60, "<f8"),
    ],
)
def test_a_name_says_how_the_voxels_lie(name, n_bytes, width, height, n_slices, dtype):
    guess = guess_layout(name, n_bytes)

    assert guess == RawGuess(width, height, n_slices, np.dtype(dtype))
    assert guess.layout(9) == RawFormat((n_slices, height, width), np.dtype(dtype), 9)


@pytest.mark.parametrize("name", ["rock.raw", "2024-11-03_v2.25.raw", "sample_16.raw", "be.dat"])
def test_a_name_that_says_nothing_is_no_guess(name):
    guess = guess_layout(name, 1234)

    assert guess == RawGuess()
    assert guess.layout() is None


def test_a_raw_file_asks_how_it_lies_with_what_is_likely(tmp_path):
    path = tmp_path / "rock_3x4x5_16bit.raw"
    path.write_bytes(bytes(120))

    with pytest.raises(UnknownLayoutError, match="do not say how they lie") as caught:
        open_stack(path)
    assert "go with --raw 5x4x3,u2, or 3x4x5,u2." in caught.value.hint
    path.write_bytes(bytes(121))
    with pytest.raises(UnknownLayoutError) as caught:
        open_stack(path)
    assert "go with" not in caught.value.hint


def test_several_raw_files_ask_as_well_but_not_a_tiff_by_such_a_name(tmp_path, rng):
    for n in (1, 2):
        (tmp_path / f"{n}.raw").write_bytes(bytes(9))
    with pytest.raises(UnknownLayoutError, match="is 2 files of raw voxels"):
        open_stack([tmp_path / "1.raw", tmp_path / "2.raw"])
    (tmp_path / "scan.dat").write_bytes(b"\x89HDF\r\n")
    with pytest.raises(StackError, match="an HDF5 file"):
        open_stack(tmp_path / "scan.dat")


def test_the_raw_files_of_the_cases_say_the_option_that_opens_them(cases_dir):
    with pytest.raises(UnknownLayoutError) as caught:
        open_stack(cases_dir / "other_formats" / "rock_3x96x96_16bit.vol")
    assert "go with --raw 3x96x96,u2." in caught.value.hint
    with pytest.raises(UnknownLayoutError, match='"rock.raw" is a file of raw voxels'):
        open_stack(cases_dir / "other_formats" / "rock.raw")
