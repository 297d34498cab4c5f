import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.scan.several.slice_files import natural_key, slices_in_folder, slices_of
from tests.made_tiffs import read_all, tiff_bytes, zip_bytes


def test_numbers_in_names_count_as_numbers():
    names = ["b1", "a10", "a9", "a09b", "10", "9", "a"]

    assert sorted(names, key=natural_key) == ["9", "10", "a", "a9", "a09b", "a10", "b1"]


def test_a_folder_and_a_list_of_files_are_stacks_too(files, slices, tmp_path):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / ".hidden.tif").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no slice")

    paths = [tmp_path / name for name in files]
    for stack in (open_stack(tmp_path), open_stack(paths), open_stack(list(map(str, paths)))):
        np.testing.assert_array_equal(read_all(stack), slices)


def test_files_kept_under_other_names_are_ordered_and_called_by_their_own(files, slices, tmp_path):
    kept = {}
    for i, (name, data) in enumerate(files.items()):
        kept[name] = tmp_path / f"upload{i}"
        kept[name].write_bytes(data)

    np.testing.assert_array_equal(read_all(open_stack(kept)), slices)
    kept["scan_2.TIF"].write_bytes(b"no picture")
    with pytest.raises(StackError, match=r'"scan_2\.TIF" is another file'):
        open_stack(kept)


def test_labels_may_come_as_slices_too(rng, tmp_path):
    labels = rng.integers(0, 4, (3, 20, 30)).astype(np.uint8)
    files = {f"{z}.tif": tiff_bytes(image) for z, image in enumerate(labels)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    np.testing.assert_array_equal(read_labels(zip_bytes(files)), labels)
    np.testing.assert_array_equal(read_labels(tmp_path), labels)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (np.zeros((20, 31), np.uint16), r'"scan_10\.tiff", file 3 of .* 20 × 31 pixels of uint16'),
        (np.zeros((20, 30), np.uint8), r'"scan_10\.tiff", file 3 of .* 30 pixels of uint8'),
        (np.zeros((2, 20, 30), np.uint16), r'"scan_10\.tiff" of .* holds 2 slices, not one'),
    ],
)
def test_the_odd_slice_is_named(files, tmp_path, odd, message):
    files["scan_10.tiff"] = tiff_bytes(odd)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    for source in (zip_bytes(files), tmp_path):
        with pytest.raises(StackError, match=message) as caught:
            open_stack(source)
        assert caught.value.hint


def test_a_slice_that_is_no_tiff_is_named(files):
    files["scan_2.TIF"] = b"no picture"

    with pytest.raises(StackError, match=r'"scan_2\.TIF" is another file, not a TIFF'):
        open_stack(zip_bytes(files))


def test_nothing_to_open_is_refused(tmp_path):
    with pytest.raises(StackError, match="a folder without slices"):
        slices_in_folder(tmp_path)
    with pytest.raises(StackError, match="No file was chosen"):
        slices_of([])
    with pytest.raises(StackError, match=r"none\.tif\" cannot be opened"):
        open_stack([tmp_path / "none.tif"])
