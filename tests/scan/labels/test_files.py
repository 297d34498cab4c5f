import numpy as np
import pytest
import tifffile
from PIL import Image

from sandseg.classes import SANDSTONE
from sandseg.errors import LabelError
from sandseg.scan.labels.colors import SANDSTONE_RGB, UnknownColorsError
from sandseg.scan.labels.files import Meanings, open_label_values
from tests.made_tiffs import read_all, zip_bytes

COLORS = np.array(list(SANDSTONE_RGB), np.uint8)


@pytest.fixture
def labels(rng):
    return rng.integers(0, 4, (3, 12, 10)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, labels):
    """A folder of label slices, from number 4 on."""
    for z, image in enumerate(labels):
        tifffile.imwrite(tmp_path / f"mask_{z + 4}.tif", image)
    return tmp_path


def test_values_are_as_they_stand_and_files_keep_their_names(folder, labels):
    opened = open_label_values(folder)

    np.testing.assert_array_equal(read_all(opened.stack), labels)
    assert opened.names == ("mask_4.tif", "mask_5.tif", "mask_6.tif")
    assert (opened.is_decoded, opened.note) == (False, "")


def test_a_zip_of_colored_slices_is_labels_already(folder, labels):
    for z, image in enumerate(labels):
        Image.fromarray(COLORS[image]).save(folder / f"{z}.png")
    archive = zip_bytes({f"{z}.png": (folder / f"{z}.png").read_bytes() for z in range(3)})

    opened = open_label_values(archive)

    np.testing.assert_array_equal(read_all(opened.stack), labels)
    assert opened.is_decoded


def test_what_colors_were_blurred_is_said_once_they_are_read(tmp_path, labels):
    colored = COLORS[labels].copy()
    colored[0, 0, 0] = (20, 10, 235)  # nearly blue
    colored[0, 0, 1] = (128, 128, 128)  # none at all
    tifffile.imwrite(tmp_path / "blurred.tif", colored, photometric="rgb")

    opened = open_label_values(tmp_path / "blurred.tif")
    found = read_all(opened.stack)

    assert (found[0, 0, 0], found[0, 0, 1]) == (0, 255)
    assert "0.28 % got the class of the nearest color" in opened.note
    assert "0.28 % are far from every class's color" in opened.note


def test_colors_nobody_knows_are_named(tmp_path, labels):
    theirs = np.array([[9, 9, 9], [200, 120, 0], [230, 230, 230], [150, 0, 200]], np.uint8)
    tifffile.imwrite(tmp_path / "theirs.tif", theirs[labels], photometric="rgb")
    opened = open_label_values(tmp_path / "theirs.tif")

    with pytest.raises(UnknownColorsError) as caught:
        opened.stack.read_slice(0)

    assert set(caught.value.colors) == {tuple(color) for color in theirs.tolist()}
    known = Meanings(colors={tuple(color): i for i, color in enumerate(theirs.tolist())})
    again = open_label_values(tmp_path / "theirs.tif", meanings=known)
    np.testing.assert_array_equal(read_all(again.stack), labels)


def test_slices_of_two_codings_are_refused(folder, labels):
    Image.fromarray(COLORS[labels[0]]).save(folder / "mask_9.tif")

    with pytest.raises(LabelError, match="some are colored"):
        open_label_values(folder)


def test_meanings_are_written_by_names_of_classes():
    found = Meanings.parse("7=air,9=-", "red=quartz", SANDSTONE)

    assert (found.values, found.colors) == ({7: 0, 9: 255}, {(255, 0, 0): 2})


@pytest.mark.parametrize("alpha", [255, 0])
def test_one_alpha_throughout_says_nothing_and_a_varying_one_is_asked_about(
    tmp_path, labels, alpha
):
    colored = np.dstack([COLORS[labels[0]], np.full((12, 10), alpha, np.uint8)])
    path, options = tmp_path / "a.tif", {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(path, colored, **options)
    np.testing.assert_array_equal(read_all(open_label_values(path).stack)[0], labels[0])

    colored[:3, :, 3] = 128
    tifffile.imwrite(path, colored, **options)
    with pytest.raises(LabelError, match="can be seen through"):
        open_label_values(path).stack.read_slice(0)
