import numpy as np
import pytest

from sandseg.data.labelled import read_labelled
from sandseg.errors import LabelError
from sandseg.export.tiff import write_image, write_labels

Z, SHAPE = 8, (40, 50)


@pytest.fixture
def rock(rng):
    """(Z, Y, X) grey values and their labels, every slice another."""
    labels = rng.integers(0, 4, (Z, *SHAPE)).astype(np.uint8)
    labels[:, 0, :4] = np.arange(4)
    return (labels * 60 + rng.integers(0, 30, labels.shape)).astype(np.uint8), labels


@pytest.fixture
def write(tmp_path):
    """Write a stack, or single slices under names with these numbers; return where they are."""

    def write(kind, slices, numbers=None, pattern="s{:03}.tif"):
        writer = write_image if kind == "images" else write_labels
        if numbers is None:
            writer(tmp_path / f"{kind}.tif", slices)
            return tmp_path / f"{kind}.tif"
        (tmp_path / kind).mkdir()
        for number, part in zip(numbers, slices, strict=True):
            writer(tmp_path / kind / pattern.format(number), [part])
        return tmp_path / kind

    return write


def greys(found):
    return np.stack([np.rint(image * 255) for image in found.images])


@pytest.mark.parametrize(("numbers", "slices"), [((0, 3, 5), (0, 3, 5)), ((2, 8), (1, 7))])
def test_slices_of_a_stack_have_their_labels_in_files_with_their_numbers(
    write, rock, numbers, slices
):
    image, labels = rock

    found = read_labelled(write("images", image), write("labels", labels[[*slices]], numbers), 4)

    assert found.names == tuple(f"images[{z + 1}]" for z in slices)
    np.testing.assert_array_equal(np.stack(found.labels), labels[[*slices]])
    order = np.argsort(image[[*slices]].ravel(), kind="stable")
    assert (np.diff(greys(found).ravel()[order]) >= 0).all()  # the very slices, on a line
    said = ", ".join(str(z + 1) for z in slices)
    assert found.warnings == (f"Labels are those of slices {said} of {Z}.",)


def test_in_doubt_where_counting_begins_it_is_asked_and_can_be_said(write, rock):
    image, labels = rock
    images, files = write("images", image), write("labels", labels[[2, 4]], (3, 5))

    with pytest.raises(LabelError, match="counted from 0 or from 1") as caught:
        read_labelled(images, files, 4)
    assert "--label-slices" in caught.value.hint

    found = read_labelled(images, files, 4, label_slices=(2, 4))
    assert found.names == ("images[3]", "images[5]")


def test_labels_of_some_slices_may_be_one_stack_where_it_is_said_which(write, rock):
    image, labels = rock

    found = read_labelled(write("images", image), write("labels", labels[[6, 1]]), 4, (6, 1))

    assert found.names == ("images[2]", "images[7]")
    np.testing.assert_array_equal(np.stack(found.labels), labels[[1, 6]])


def test_a_folder_of_slices_is_labelled_by_a_stack_in_the_order_of_numbers(write, rock):
    image, labels = rock
    images = write("images", image[::-1], range(Z, 0, -1), "s{}.tif")

    found = read_labelled(images, write("labels", labels), 4)

    assert found.names == tuple(f"s{z}" for z in range(1, Z + 1))
    np.testing.assert_array_equal(np.stack(found.labels), labels)
    assert "in the order of their numbers" in found.warnings[0]


def test_a_stack_of_more_or_fewer_labels_than_images_is_refused(write, rock):
    image, labels = rock

    with pytest.raises(LabelError, match=f"labels of {Z - 1} slices, but there are {Z} image"):
        read_labelled(write("images", image, range(Z)), write("labels", labels[1:]), 4)


def test_images_without_labels_are_named(write, rock):
    image, labels = rock

    found = read_labelled(
        write("images", image, range(Z)), write("labels", labels[:6], range(6)), 4
    )

    assert len(found.names) == 6
    assert found.warnings == ("2 of 8 images have no labels and are left out: s006.tif, s007.tif.",)


def test_labels_of_another_size_are_refused(write, rock):
    image, labels = rock

    with pytest.raises(LabelError, match="2 slices of 40 × 50 pixels, but the labels are 2"):
        read_labelled(write("images", image), write("labels", labels[:2, :30], (0, 1)), 4)
