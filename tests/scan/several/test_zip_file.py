import io
import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import WEB_LIMITS
from tests.made_tiffs import read_all, tiff_bytes, zip_bytes


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("folder", ["", "slices/", "a/b/"])
def test_a_zip_of_slices_is_a_stack_in_the_order_of_their_numbers(
    files, slices, compression, folder, tmp_path
):
    data = zip_bytes({folder + name: file for name, file in files.items()}, compression)
    (tmp_path / "scan.zip").write_bytes(data)

    for source in (data, io.BytesIO(data), tmp_path / "scan.zip"):
        with open_stack(source) as stack:
            np.testing.assert_array_equal(read_all(stack), slices)
            assert stack.notes[0].startswith("4 files, from ")


def test_a_list_of_one_file_is_this_file(slices, tmp_path):
    (tmp_path / "scan.zip").write_bytes(
        zip_bytes({"0.tif": tiff_bytes(slices, photometric="minisblack")})
    )

    np.testing.assert_array_equal(read_all(open_stack([tmp_path / "scan.zip"])), slices)
    assert open_stack([tmp_path / "scan.zip"]).name == "scan.zip"


def test_a_zip_of_one_stack_is_this_stack(slices):
    data = zip_bytes({"scan.tif": tiff_bytes(slices, photometric="minisblack")})

    np.testing.assert_array_equal(read_all(open_stack(data)), slices)


def test_voxel_size_and_negatives_are_kept(slices):
    options = {"resolution": (1e4 / 2.5, 1e4 / 2.5), "resolutionunit": "CENTIMETER"}
    data = zip_bytes({f"{z}.tif": tiff_bytes(image, **options) for z, image in enumerate(slices)})

    assert open_stack(data).voxel_size_um == pytest.approx(2.5)


def test_threads_read_the_slices_they_asked_for(files, slices):
    stack = open_stack(zip_bytes(files))
    order = [0, 3, 1, 2] * 10

    with ThreadPoolExecutor(4) as pool:
        for z, image in zip(order, pool.map(stack.read_slice, order), strict=True):
            np.testing.assert_array_equal(image, slices[z])


def test_other_files_are_left_out_and_counted(files):
    others = {"readme.txt": b"a scan", "__MACOSX/._scan_1.tif": b"x", "preview.png": b"x"}

    stack = open_stack(zip_bytes(files | others))

    assert stack.n_slices == 4
    assert stack.notes[-2:] == (
        "1 PNG file beside the TIFF left out.",
        "2 other files in the ZIP left out.",
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/scan.tif", "leads out of the archive"),
        ("../scan.tif", "leads out of the archive"),
        ("a/../../scan.tif", "leads out of the archive"),
        ("..\\scan.tif", "leads out of the archive"),
        ("C:\\scan.tif", "leads out of the archive"),
        ("more.zip", "an archive inside the archive"),
        ("more.tar.gz", "an archive inside the archive"),
    ],
)
def test_names_that_no_honest_zip_holds_are_refused(files, name, message):
    with pytest.raises(StackError, match=message):
        open_stack(zip_bytes(files | {name: b"x"}))


def test_a_file_without_a_name_is_refused(files):
    with pytest.raises(StackError, match="is a file without a name"):
        open_stack(zip_bytes(files | {"~lost.tif": b"x"}).replace(b"~lost", b"\0lost"))


def test_an_archive_that_calls_itself_a_slice_is_refused(files):
    with pytest.raises(StackError, match=r'"scan_2\.TIF" is a ZIP archive, not a TIFF'):
        open_stack(zip_bytes(files | {"scan_2.TIF": zip_bytes(files)}))


def test_links_are_refused(files):
    link = zipfile.ZipInfo("link.tif")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    handle = io.BytesIO(zip_bytes(files))
    with zipfile.ZipFile(handle, "a") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(StackError, match=r'"link\.tif" in .* is a link, not a file'):
        open_stack(handle.getvalue())


def test_encrypted_files_are_refused(files):
    data = bytearray(zip_bytes(files))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1

    with pytest.raises(StackError, match="is encrypted"):
        open_stack(bytes(data))


def test_files_packed_in_a_rare_way_are_refused(files):
    with pytest.raises(StackError, match="is packed in a rare way"):
        open_stack(zip_bytes(files, zipfile.ZIP_LZMA))


def test_the_same_name_twice_is_refused(files):
    handle = io.BytesIO(zip_bytes(files))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(handle, "a") as archive:
        archive.writestr("scan_1.tif", files["scan_1.tif"])

    with pytest.raises(StackError, match=r'holds "scan_1\.tif" twice'):
        open_stack(handle.getvalue())


def test_slices_in_several_folders_are_refused(files):
    two = {
        f"{folder}/{name}": data for folder in ("images", "labels") for name, data in files.items()
    }

    with pytest.raises(StackError, match='holds slices in 2 folders: "images", "labels"'):
        open_stack(zip_bytes(two))


def test_a_bomb_is_refused_before_it_is_unpacked(files):
    bomb = zip_bytes(files | {"scan_3.tif": bytes(50 * 2**20)})
    with pytest.raises(StackError, match="holds .* of pixels; at most 10 MB can be opened"):
        open_stack(bomb, limits=replace(WEB_LIMITS, max_total_bytes=10_000_000))

    data = bytearray(zip_bytes({"scan_1.tif": bytes(1000)}))
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 2**31)  # the size it is said to unpack to
    with pytest.raises(StackError, match="larger than anything that could be packed into it"):
        open_stack(bytes(data))


def test_files_that_overlap_are_refused(files):
    data = zip_bytes(files, zipfile.ZIP_STORED)
    listed = bytearray(data[data.index(b"PK\x01\x02") : data.index(b"PK\x05\x06")])
    for at in (0, listed.index(b"PK\x01\x02", 4)):
        struct.pack_into("<II", listed, at + 20, 2**22, 2**22)
    start = data.index(b"PK\x01\x02")
    forged = data[:start] + bytes(listed) + data[data.index(b"PK\x05\x06") :]

    with pytest.raises(StackError, match="overlap, so it is damaged or malicious"):
        open_stack(forged)


def test_a_list_of_too_many_files_is_refused_before_it_is_read(files):
    few = replace(WEB_LIMITS, max_slices=3)
    with pytest.raises(StackError, match="has 4 slices; at most 3 can be opened"):
        open_stack(zip_bytes(files), limits=few)
    many = zip_bytes({f"{'long' * 50}{i}.txt": b"" for i in range(800)})
    with pytest.raises(StackError, match="lists more files than the 3 slices"):
        open_stack(many, limits=few)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_zip_cut_off_is_refused(files, share):
    data = zip_bytes(files)

    with pytest.raises(StackError, match="the ZIP is damaged"):
        open_stack(data[: int(share * len(data))])


def test_damaged_pixels_are_an_error_of_the_zip(files):
    data = bytearray(zip_bytes(files))
    start = data.index(b"scan_20.tif") + 40
    data[start : start + 60] = bytes(60)

    with pytest.raises(StackError, match="the ZIP is damaged"):
        open_stack(bytes(data))


def test_a_zip_without_slices_is_refused():
    with pytest.raises(StackError, match="a ZIP archive without slices"):
        open_stack(zip_bytes({"readme.txt": b"x"}))


def test_zipped_raw_voxels_are_to_be_unpacked_first():
    with pytest.raises(StackError, match="a ZIP archive without slices") as caught:
        open_stack(zip_bytes({"scan.mhd": b"x", "scan.raw": b"x"}))
    assert "with their header, both at once" in caught.value.hint
