import unicodedata
from pathlib import Path

import numpy as np
import pytest

from sandseg.data.labelled import read_labelled
from sandseg.data.pairing import counts_up, find_files, pair_files
from sandseg.errors import LabelError


def paths(*names):
    return [Path(name) for name in names]


@pytest.mark.parametrize(
    ("folder", "first", "n_slices"),
    [("macos", "s0", 4), ("mask_suffix", "rock_000", 4), ("prefix", "image_0", 4)]
    + [("nozero", "slice1", 12)],
)
def test_names_that_people_give_are_paired_in_the_order_of_their_numbers(
    cases_dir, folder, first, n_slices
):
    root = cases_dir / "train_names" / folder
    labels = root / "labels" if (root / "labels").is_dir() else root / "masks"

    found = read_labelled(root / "images", labels, 4)

    start = int(first.lstrip("abcdefghijklmnopqrstuvwxyz_"))
    assert found.names[0] == first
    assert [int(name.lstrip("abcdefghijklmnopqrstuvwxyz_")) for name in found.names] == [
        *range(start, start + n_slices)
    ]
    assert all(np.unique(part).max() <= 3 for part in found.labels)


@pytest.mark.parametrize("label", ["mask_x", "x_mask", "label_x", "x-Label", "x_seg", "x.gt", "X"])
def test_words_for_labels_at_either_end_are_passed_over(label):
    images, labels = paths("x.tif", "y.tif"), paths(f"{label}.tif")

    assert pair_files(images, labels) == [(images[0], labels[0])]


def test_a_name_is_itself_before_it_is_one_without_a_word():
    images = paths("rock.tif", "rock_mask.tif")
    labels = paths("rock.tiff", "rock_mask.TIF")

    assert pair_files(images, labels) == [*zip(images, labels, strict=True)]


def test_composed_and_decomposed_letters_are_the_same():
    images = paths(*(unicodedata.normalize("NFC", f"Grès{z}.tif") for z in range(2)))
    labels = paths(*(unicodedata.normalize("NFD", f"Grès{z}.tif") for z in range(2)))

    assert pair_files(images, labels) == [*zip(images, labels, strict=True)]


def test_two_files_for_one_slice_are_refused_by_name():
    with pytest.raises(LabelError, match=r"x_mask.tif and mask_x.tif could belong to the same"):
        pair_files(paths("x.tif", "y.tif"), paths("x_mask.tif", "mask_x.tif"))
    with pytest.raises(LabelError, match=r"image files x.tif and x.tiff could belong"):
        pair_files(paths("x.tif", "x.tiff"), paths("x.tif"))


def test_what_fits_no_image_is_named():
    with pytest.raises(LabelError, match=r"label file b_mask.tif, c_mask.tif"):
        pair_files(paths("a.tif", "d.tif"), paths("a_mask.tif", "b_mask.tif", "c_mask.tif"))


def test_hidden_files_are_no_slices(tmp_path):
    for name in ("s10.tif", "s9.TIFF", "._s9.tif", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).touch()

    assert [file.name for file in find_files(tmp_path)] == ["s9.TIFF", "s10.tif"]


def test_numbers_that_count_up_make_a_stack():
    assert counts_up(paths("s9.tif", "s10.tif", "s11.tif"))
    assert not counts_up(paths("s9.tif", "s11.tif"))
    assert not counts_up(paths("a1.tif", "b2.tif"))
    assert not counts_up(paths("a.tif", "b.tif"))
