import numpy as np
import pytest

from sandseg.scan.limits import LOCAL_LIMITS
from sandseg.scan.raw.headers import read_raw_header
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.raw.voxels import open_raw


@pytest.fixture
def volume(rng):
    return rng.integers(0, 60000, (3, 5, 7))


def written(folder, name, header, volume, dtype):
    (folder / name).write_bytes(header.encode())
    (folder / "v.raw").write_bytes(volume.astype(dtype).tobytes())
    return folder / name


def values(folder, found):
    with open_raw(folder / found.file, RawFormat.parse(found.option), LOCAL_LIMITS) as stack:
        return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


@pytest.mark.parametrize(("big", "dtype"), [("True", ">u2"), ("False", "<u2")])
def test_the_option_for_a_meta_image_gives_its_voxels(tmp_path, volume, big, dtype):
    header = f"DimSize = 7 5 3\nBinaryDataByteOrderMSB = {big}\nElementType = MET_USHORT\n"
    path = written(tmp_path, "v.mhd", f"{header}ElementDataFile = v.raw\n", volume, dtype)

    np.testing.assert_array_equal(values(tmp_path, read_raw_header(path)), volume)


@pytest.mark.parametrize(("endian", "dtype"), [("big", ">u2"), ("little", "<u2")])
def test_the_option_for_a_nrrd_gives_its_voxels(tmp_path, volume, endian, dtype):
    header = f"NRRD0004\ntype: ushort\nsizes: 7 5 3\nendian: {endian}\nencoding: raw\n"
    detached = written(tmp_path, "v.nhdr", f"{header}data file: v.raw\n", volume, dtype)
    attached = tmp_path / "v.nrrd"
    attached.write_bytes(f"{header}\n".encode() + volume.astype(dtype).tobytes())

    for path in (detached, attached):
        np.testing.assert_array_equal(values(tmp_path, read_raw_header(path)), volume)


@pytest.mark.parametrize(
    "text",
    [
        "NRRD0004\ntype: ushort\nsizes: 7 5 3\nencoding: gzip\ndata file: v.raw\n",
        "NRRD0004\ntype: ushort\nsizes: 7 5 4\nencoding: raw\ndata file: v.raw\n",
        "NRRD0004\ntype: ushort\nsizes: 7 5 3\nencoding: raw\ndata file: ../v.raw\n",
        "NRRD0004\ntype: block\nsizes: 7 5 3\nencoding: raw\ndata file: v.raw\n",
        "DimSize = 7 5 3\nElementType = MET_USHORT\nCompressedData = True\nElementDataFile = v.raw",
        "no header at all",
    ],
)
def test_what_is_no_simple_volume_gets_no_option(tmp_path, volume, text):
    assert read_raw_header(written(tmp_path, "v.hdr", text, volume, "<u2")) is None
