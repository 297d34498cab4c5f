import bz2
import gzip
import re
import zlib

import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from tests.made_tiffs import read_all

SIZES = "7 5 3"


@pytest.fixture
def volume(rng):
    return rng.integers(0, 60000, (3, 5, 7)).astype(np.uint16)


def mhd(file, big=False, more=""):
    return (
        f"ObjectType = Image\nNDims = 3\nBinaryDataByteOrderMSB = {big}\n{more}"
        f"DimSize = {SIZES}\nElementType = MET_USHORT\nElementDataFile = {file}\n"
    ).encode()


def nrrd(file="", encoding="raw", more=""):
    data = f"data file: {file}\n" if file else "\n"
    head = f"NRRD0004\n# made for a test\ntype: ushort\ndimension: 3\nsizes: {SIZES}\n"
    return f"{head}encoding: {encoding}\n{more}{data}".encode()


def vgi(file, more="", name="Name"):
    return (
        "{volume1}\n[representation]\nsize = 1 1 1\n[file1]\nFileFormat = raw\n"
        f"Size = {SIZES}\n{name} = {file}\nDatatype = unsigned integer\nBitsPerElement = 16\n"
        f"{more}{{volumeprimitive1}}\n[geometry]\nresolution = 0.01 0.01 0.02\nunit = mm\n"
    ).encode()


@pytest.fixture
def opened(tmp_path):
    """Write a header and its voxels, and open them."""

    def write_and_open(name, header, voxels=b"", file="v.raw"):
        (tmp_path / name).write_bytes(header)
        if voxels:
            (tmp_path / file).write_bytes(voxels)
        return open_stack(tmp_path / name)

    return write_and_open


@pytest.mark.parametrize("name", ["rock.mhd", "rock.nhdr", "rock.nrrd"])
def test_headers_of_the_cases_are_read_with_their_voxels(cases_dir, name):
    folder = cases_dir / "other_formats"
    expected = np.fromfile(folder / "rock.raw", "<u2").reshape(3, 96, 96)

    stack = open_stack(folder / name)

    np.testing.assert_array_equal(read_all(stack), expected)
    assert stack.voxel_size_um is None or stack.voxel_size_um == pytest.approx(2.23, rel=0.01)


@pytest.mark.parametrize(
    ("name", "header", "dtype"),
    [
        ("v.mhd", mhd("v.raw"), "<u2"),
        ("v.mhd", mhd("v.raw", big=True), ">u2"),
        ("v.mhd", mhd(r"C:\scans\V.RAW"), "<u2"),
        ("v.nhdr", nrrd("v.raw", more="endian: big\n"), ">u2"),
        ("v.nhdr", nrrd("./v.raw", more="endian: little\n"), "<u2"),
        ("v.vgi", vgi("v.raw"), "<u2"),
        ("v.vgi", vgi("v.raw", name="FileName"), "<u2"),
        ("v.vgi", vgi("v.raw", "Endian = big\n"), ">u2"),
        ("v.vgi", vgi("v.raw").replace(b"\n", b"\r\n"), "<u2"),
    ],
)
def test_voxels_beside_a_header_are_read_in_their_byte_order(opened, volume, name, header, dtype):
    stack = opened(name, header, volume.astype(dtype).tobytes())

    assert stack.dtype == np.uint16
    np.testing.assert_array_equal(read_all(stack), volume)
    assert '3 × 5 × 7 voxels of uint16 in "' in stack.notes[0]


def test_voxels_inside_a_file_are_read(opened, volume, tmp_path):
    for name, header in (("v.mha", mhd("LOCAL")), ("v.nrrd", nrrd())):
        np.testing.assert_array_equal(read_all(opened(name, header + volume.tobytes())), volume)
        np.testing.assert_array_equal(read_all(open_stack((tmp_path / name).read_bytes())), volume)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("v.mhd", mhd("v.raw", more="HeaderSize = 9\n")),
        ("v.mhd", mhd("v.raw", more="HeaderSize = -1\n")),
        ("v.nhdr", nrrd("v.raw", more="byte skip: 9\n")),
        ("v.nhdr", nrrd("v.raw", more="byteskip: -1\n")),
        ("v.nhdr", nrrd("v.raw", more="line skip: 2\n")),
        ("v.nhdr", nrrd("v.raw", more="line skip: 1\nbyte skip: 5\n")),
        ("v.vgi", vgi("v.raw", "SkipHeader = 9\n")),
    ],
)
def test_what_comes_before_the_voxels_is_skipped(opened, volume, name, header):
    before = b"one\nfour\n"

    np.testing.assert_array_equal(read_all(opened(name, header, before + volume.tobytes())), volume)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("gz", gzip.compress), ("bzip2", bz2.compress)]
)
def test_packed_voxels_of_a_nrrd_are_read(opened, volume, encoding, pack):
    beside = opened("v.nhdr", nrrd("v.raw", encoding), pack(volume.tobytes()))
    inside = opened("v.nrrd", nrrd("", encoding) + pack(volume.tobytes()))
    skipped = opened(
        "s.nhdr", nrrd("s.gz", encoding, "byte skip: 4\n"), pack(b"skip" + volume.tobytes()), "s.gz"
    )

    for stack in (beside, inside, skipped):
        np.testing.assert_array_equal(read_all(stack), volume)


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_packed_voxels_of_a_meta_image_are_read(opened, volume, pack):
    more = "CompressedData = True\n"

    for stack in (
        opened("v.mhd", mhd("v.zraw", more=more), pack(volume.tobytes()), "v.zraw"),
        opened("v.mha", mhd("LOCAL", more=more) + pack(volume.tobytes())),
    ):
        np.testing.assert_array_equal(read_all(stack), volume)


@pytest.mark.parametrize(
    ("name", "header", "size", "spacing"),
    [
        ("v.vgi", vgi("v.raw"), 10, (20, 10, 10)),
        ("v.nhdr", nrrd("v.raw", more='spacings: 2 3 4\nunits: "um" "um" "um"\n'), 2, (4, 3, 2)),
        (
            "v.nhdr",
            nrrd("v.raw", more='units: "um" "um" "mm"\nspacings: 2 2 0.004\n'),
            2,
            (4, 2, 2),
        ),
        (
            "v.nhdr",
            nrrd(
                "v.raw",
                more="space: left-posterior-superior\nspace directions: (-0.002,0,0) (0,-0.002,0) "
                '(0,0,0.003)\nspace units: "mm" "mm" "mm"\n',
            ),
            2,
            (3, 2, 2),
        ),
        ("v.mhd", mhd("v.raw", more="DistanceUnits = um\nElementSpacing = 2 2 3\n"), 2, (3, 2, 2)),
        ("v.mhd", mhd("v.raw", more="ElementSpacing = 0.002 0.002 0.003\n"), None, (1.5, 1, 1)),
        ("v.nhdr", nrrd("v.raw", more="spacings: 2 2 3\n"), None, (1.5, 1, 1)),
        ("v.mhd", mhd("v.raw", more="ElementSpacing = 1 1 1\n"), None, (1, 1, 1)),
        ("v.mhd", mhd("v.raw", more="ElementSpacing = 0 0 nan\n"), None, (1, 1, 1)),
        ("v.mhd", mhd("v.raw", more="ElementSpacing = 1 1 1e300\n"), None, (1, 1, 1)),
    ],
)
def test_spacing_is_taken_where_it_has_a_unit(opened, volume, name, header, size, spacing):
    stack = opened(name, header, volume.tobytes())

    assert stack.voxel_size_um == (None if size is None else pytest.approx(size))
    assert stack.with_voxel_size(size or 1).spacing_um == pytest.approx(spacing)


def test_spacing_without_a_unit_is_no_voxel_size_and_said(opened, volume):
    header = mhd("v.raw", more="ElementSpacing = 0.00223 0.00223 0.005\n")

    notes = " ".join(opened("v.mhd", header, volume.tobytes()).notes)

    assert "0.00223 × 0.00223 × 0.005 without a unit; programs that take mm see 2.23 µm" in notes
    assert "2.242 times as far apart" in notes


@pytest.mark.parametrize(
    ("unit", "word"), [("furlong", "which is not known"), ("m", "which is no size of a voxel")]
)
def test_a_unit_that_makes_no_sense_is_said(opened, volume, unit, word):
    header = nrrd("v.raw", more=f'spacings: 2 2 2\nunits: "{unit}" "{unit}" "{unit}"\n')

    stack = opened("v.nhdr", header, volume.tobytes())

    assert stack.voxel_size_um is None
    assert word in " ".join(stack.notes)


@pytest.mark.parametrize(
    ("name", "header", "why"),
    [
        ("v.mhd", mhd("LIST"), r"voxels in several files \(LIST\)"),
        ("v.mhd", mhd("v%03d.raw 1 3 1"), "voxels in several files"),
        ("v.mhd", mhd("v.raw", more="ElementNumberOfChannels = 3\n"), "3 numbers in each voxel"),
        ("v.mhd", mhd("v.raw", more="BinaryData = False\n"), "written as text"),
        ("v.mhd", mhd("v.raw").replace(b"USHORT", b"STRANGE"), "of the type MET_STRANGE"),
        ("v.mhd", mhd("v.raw").replace(b"7 5 3", b"7 5 3 2"), "has the sizes 7 5 3 2"),
        ("v.nhdr", nrrd("LIST 2"), "voxels in several files"),
        ("v.nhdr", nrrd("v.raw", "txt"), "written as txt"),
        ("v.nhdr", nrrd("v.raw", "hex"), "written as hex"),
        ("v.nhdr", nrrd("v.raw", more="kinds: RGB-color domain domain\n"), "several numbers"),
        ("v.nhdr", nrrd("v.raw", "gzip", "byte skip: -1\n"), "packed voxels at the end"),
        ("v.nhdr", nrrd("v.raw").replace(b"ushort", b"block"), "of the type block"),
        ("v.vgi", vgi("v.raw", "FileFormat = tiff\n"), "in the form tiff"),
        ("v.vgi", vgi("v.raw", "[file2]\nName = w.raw\n"), "names 2 files of voxels"),
        ("v.vgi", vgi(""), "names no file of voxels"),
        ("v.vgi", vgi("v.raw").replace(b"16", b"12"), "12 bits of the type unsigned integer"),
    ],
)
def test_what_is_not_read_is_refused_by_name(opened, volume, name, header, why):
    with pytest.raises(StackError, match=why) as caught:
        opened(name, header, volume.tobytes())
    is_vgi = name.endswith(".vgi")
    assert ("--raw ZxYxX" if is_vgi else f"SimpleITK.ReadImage('{name}')") in caught.value.hint


@pytest.mark.parametrize("text", [b"no header at all", b"NRRD0004\n", b"NRRD0004\n\n", b"x = 1\n"])
@pytest.mark.parametrize("name", ["v.mhd", "v.nhdr", "v.vgi"])
def test_a_header_that_makes_no_sense_is_refused(opened, name, text):
    with pytest.raises(StackError) as caught:
        opened(name, text)
    assert caught.value.hint


@pytest.mark.parametrize("header", [mhd("../v.raw"), mhd("gone.raw"), mhd("v")])
def test_a_header_alone_asks_for_both(opened, tmp_path, header):
    with pytest.raises(StackError, match=r'"v\.mhd" is a header alone') as caught:
        opened("v.mhd", header)
    assert re.search('Choose both files at once, "v.mhd" and "', caught.value.hint)


def test_files_that_came_together_belong_together_by_their_names(tmp_path, volume):
    for place, content in enumerate((mhd("rock.raw"), volume.tobytes(), b"a word")):
        (tmp_path / f"original-{place}").write_bytes(content)
    names = {"rock.mhd": tmp_path / "original-0", "Rock.raw": tmp_path / "original-1"}

    np.testing.assert_array_equal(read_all(open_stack(names)), volume)
    with_more = open_stack(names | {"readme.txt": tmp_path / "original-2"})
    assert with_more.notes[-1] == "1 other file left out."
    (tmp_path / "rock.raw").write_bytes(volume.tobytes())
    with pytest.raises(StackError, match="which is not there"):
        open_stack({"rock.mhd": tmp_path / "original-0"})
    with pytest.raises(StackError, match="each describe a scan of their own"):
        open_stack(names | {"other.nhdr": tmp_path / "original-2"})


@pytest.mark.parametrize(("n_more", "how"), [(-1, "1 fewer"), (4, "4 more")])
def test_voxels_of_another_size_are_refused(opened, volume, n_more, how):
    data = (volume.tobytes() + bytes(9))[: volume.nbytes + n_more]

    with pytest.raises(StackError, match=f'"v.raw" has {how}') as caught:
        opened("v.mhd", mhd("v.raw"), data)
    assert "--raw 3x5x7,u2,HEADER BYTES" in caught.value.hint
    with pytest.raises(StackError, match="has 209 fewer for them"):
        opened("w.mhd", mhd("v.raw", more="HeaderSize = -1\n"), b"x")


@pytest.mark.parametrize("n_more", [-2, 2])
def test_packed_voxels_of_another_size_are_refused(opened, volume, n_more):
    data = (volume.tobytes() + bytes(2))[: volume.nbytes + n_more]

    for pack, encoding in ((gzip.compress, "gzip"), (bz2.compress, "bzip2")):
        with pytest.raises(
            StackError, match=f"but {'more' if n_more > 0 else 'fewer'} are unpacked"
        ):
            opened("v.nhdr", nrrd("v.raw", encoding), pack(data))
        with pytest.raises(StackError) as caught:
            opened("v.nhdr", nrrd("v.raw", encoding), pack(volume.tobytes())[:-20])
        assert caught.value.hint


def test_a_small_file_that_unpacks_to_terabytes_is_refused(opened):
    header = nrrd("v.raw", "gzip").replace(b"7 5 3", b"10000 10000 9000")

    with pytest.raises(StackError, match="damaged or malicious|can be opened"):
        opened("v.nhdr", header, gzip.compress(bytes(1000)))


def test_labels_may_have_a_header(opened, rng, tmp_path):
    labels = rng.integers(0, 4, (3, 5, 7)).astype(np.uint8)
    opened("v.mhd", mhd("v.raw").replace(b"USHORT", b"UCHAR"), labels.tobytes())

    np.testing.assert_array_equal(read_labels(tmp_path / "v.mhd"), labels)
