import numpy as np
import pytest

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.data.labelled import read_labelled
from sandseg.errors import LabelError, StackError
from sandseg.scan.labels.files import Meanings, open_label_values
from sandseg.scan.labels.read import read_labels, read_labels_and_note
from tests.made_pictures import few_bits_png, palette_bytes, picture_bytes
from tests.made_tiffs import tiff_bytes, zip_bytes

COLORS = np.array([(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0)], np.uint8)


@pytest.fixture
def labels(rng):
    """Four classes in squares of 8 pixels (48, 64), the way a compressed picture keeps them."""
    squares = rng.permuted(np.arange(48) % 4).reshape(6, 8)
    return np.kron(squares, np.ones((8, 8), int)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_labels_are_the_numbers_of_a_table_or_the_grey_values(labels, kind):
    table = np.vstack([COLORS[::-1], np.zeros((4, 3), np.uint8)])

    for data in (palette_bytes(labels, table, kind), picture_bytes(labels, kind)):
        np.testing.assert_array_equal(read_labels(data), labels[None])


def test_a_table_that_can_be_seen_through_changes_nothing(labels):
    data = palette_bytes(labels, COLORS, transparency=0)

    np.testing.assert_array_equal(read_labels(data), labels[None])


def test_labels_of_two_bits_are_not_spread_over_0_to_255(labels):
    np.testing.assert_array_equal(read_labels(few_bits_png(labels, 2)), labels[None])


def test_a_mask_of_one_bit_is_two_classes(labels):
    data = picture_bytes(labels > 1)

    np.testing.assert_array_equal(read_labels(data, n_classes=2), (labels > 1)[None])


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_colors_are_decoded_as_those_of_a_tiff(labels, kind):
    np.testing.assert_array_equal(read_labels(picture_bytes(COLORS[labels], kind)), labels[None])

    own = Meanings.parse("", "blue=quartz,lime=clay,red=air,yellow=pyrite", SANDSTONE)
    found = read_labels(picture_bytes(COLORS[labels], kind), meanings=own)
    np.testing.assert_array_equal(found, np.array([2, 1, 0, 3])[labels][None])


def test_grey_colors_are_values(labels):
    grey = np.stack([labels] * 3, axis=-1)
    opaque = np.concatenate([grey, np.full((48, 64, 1), 255, np.uint8)], axis=-1)

    for raw in (grey, opaque, opaque[..., 2:]):
        np.testing.assert_array_equal(read_labels(picture_bytes(raw)), labels[None])


def test_four_masks_are_one_hot(labels):
    masks = (labels[..., None] == np.arange(4)).astype(np.uint8) * 255

    np.testing.assert_array_equal(read_labels(picture_bytes(masks)), labels[None])


def test_labels_that_can_be_seen_through_are_refused(labels):
    raw = np.dstack([COLORS[labels], np.full(labels.shape, 255, np.uint8)])
    raw[0, 0, 3] = 0

    with pytest.raises(LabelError, match="can be seen through"):
        read_labels(picture_bytes(raw), "labels.png")


def test_labels_of_a_jpeg_are_taken_with_a_word(labels):
    data = picture_bytes(COLORS[labels], "JPEG", quality=90, subsampling=0)

    found, note = read_labels_and_note(data)

    assert (found == labels).mean() > 0.99
    share = f"{(found == IGNORED).mean():.2%}"
    assert f"class of the nearest color; {share} of them" in note


def test_the_word_is_one_for_all_slices(labels):
    stack = [labels, labels[::-1], labels[:, ::-1]]
    files = {f"{z}.jpg": picture_bytes(COLORS[one], "JPEG") for z, one in enumerate(stack)}

    found, note = read_labels_and_note(zip_bytes(files))

    assert note.count("JPEG") == 1
    assert f"{(found == IGNORED).mean():.2%} of them" in note


def test_grey_labels_of_a_jpeg_are_taken_with_a_word(labels):
    found, note = read_labels_and_note(picture_bytes(labels, "JPEG", quality=100))

    np.testing.assert_array_equal(found, labels[None])
    assert "JPEG" in note


@pytest.mark.parametrize("is_colored", [False, True])
def test_labels_in_many_pictures_are_a_stack(labels, is_colored, tmp_path):
    stack = np.stack([labels, np.roll(labels, 8, axis=1), labels[::-1]])
    files = {
        f"mask_{n}.png": picture_bytes(COLORS[one]) if is_colored else palette_bytes(one, COLORS)
        for n, one in zip((8, 9, 10), stack, strict=True)
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    for source in (tmp_path, zip_bytes(files)):
        np.testing.assert_array_equal(read_labels(source), stack)
        assert open_label_values(source).is_decoded == is_colored


def test_labels_colored_in_part_are_refused(labels, tmp_path):
    (tmp_path / "1.png").write_bytes(picture_bytes(COLORS[labels]))
    (tmp_path / "2.png").write_bytes(picture_bytes(np.zeros((48, 64, 3), np.uint8)))

    with pytest.raises(LabelError, match="some are colored .* and others do not"):
        read_labels(tmp_path)


def test_a_file_of_another_program_is_named_among_labels_too(cases_dir):
    with pytest.raises(StackError, match="a NIfTI volume"):
        read_labels(cases_dir / "other_formats" / "rock.nii.gz")


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_a_training_reads_images_and_masks_of_different_kinds(labels, rng, kind, tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for z in range(3):
        grey = rng.integers(0, 255, labels.shape).astype(np.uint8)
        (tmp_path / "images" / f"s{z}.tif").write_bytes(tiff_bytes(grey))
        data = palette_bytes(labels, COLORS, kind)
        (tmp_path / "masks" / f"s{z}_mask.{kind.lower()}").write_bytes(data)

    found = read_labelled(tmp_path / "images", tmp_path / "masks", 4)

    assert found.names == ("s0", "s1", "s2")
    np.testing.assert_array_equal(np.squeeze(found.labels[1]), labels)
