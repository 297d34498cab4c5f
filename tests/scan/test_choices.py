import io

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.scan.choices import (
    AmbiguousStackError,
    Choice,
    Choices,
    Selection,
    choose_planes,
    numbered,
    pick,
)
from sandseg.scan.formats import open_stack


def tiff_bytes(array, **options):
    handle = io.BytesIO()
    tifffile.imwrite(handle, array, **options)
    return handle.getvalue()


def pages_bytes(*images):
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for image in images:
            writer.write(image, photometric="minisblack", metadata=None)
    return handle.getvalue()


def read_all(stack):
    return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


@pytest.fixture
def five_axes(rng):
    return rng.integers(0, 255, (2, 4, 3, 16, 20)).astype(np.uint16)  # T, Z, C, Y, X


@pytest.mark.parametrize("kind", ["imagej", "ome"])
@pytest.mark.parametrize(("time", "channel"), [(0, 0), (1, 2), (0, 1), (None, 2), (1, None)])
def test_any_channel_and_time_point_can_be_chosen(five_axes, kind, time, channel):
    data = tiff_bytes(five_axes, metadata={"axes": "TZCYX"}, **{kind: True})

    stack = open_stack(data, time=time, channel=channel)

    np.testing.assert_array_equal(read_all(stack), five_axes[time or 0, :, channel or 0])
    assert stack.choices.open == {
        "channel": Choice(("channel 1", "channel 2", "channel 3"), channel or 0),
        "time": Choice(("time point 1", "time point 2"), time or 0),
    }


def test_what_was_chosen_is_said(five_axes):
    data = tiff_bytes(five_axes, metadata={"axes": "TZCYX"}, imagej=True)

    assert open_stack(data, channel=1).notes == (
        "The first of 2 time points is shown.",
        "Number 2 of 3 channels is shown.",
    )


def test_time_points_read_as_slices_can_be_told_apart(five_axes):
    data = tiff_bytes(five_axes[:, 0, 0], metadata={"axes": "TYX"}, imagej=True)

    assert open_stack(data).choices.time.chosen is None
    assert open_stack(data).n_slices == 2
    np.testing.assert_array_equal(read_all(open_stack(data, time=1)), five_axes[1:, 0, 0])


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_a_channel_of_a_color_picture_can_be_chosen(rng, planar):
    colors = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    stored = colors if planar == "contig" else np.moveaxis(colors, -1, 0)
    data = tiff_bytes(stored, photometric="rgb", planarconfig=planar, metadata=None)

    with pytest.raises(AmbiguousStackError, match="is a color picture") as caught:
        open_stack(data)
    assert caught.value.choices.open == {"channel": Choice(("red", "green", "blue"), 0)}
    assert "choose one channel: red, green, blue" in caught.value.hint
    for channel in range(3):
        stack = open_stack(data, channel=channel)
        np.testing.assert_array_equal(stack.read_slice(0), colors[..., channel])
    assert stack.notes == ("Of 3 channels of each pixel only one is read: blue.",)


def test_a_negative_stays_one_in_every_channel(rng):
    values = rng.integers(0, 255, (20, 30, 2)).astype(np.uint8)
    data = tiff_bytes(values, photometric="miniswhite", planarconfig="contig")

    for channel in range(2):
        stack = open_stack(data, channel=channel)
        np.testing.assert_array_equal(stack.read_slice(0), 255 - values[..., channel])


def test_pages_of_several_sizes_are_images_to_choose_from(rng):
    large, small = rng.integers(0, 255, (3, 20, 30)), rng.integers(0, 255, (2, 9, 9))
    data = pages_bytes(*large.astype(np.uint8), *small.astype(np.uint16))

    with pytest.raises(AmbiguousStackError, match="differ in size") as caught:
        open_stack(data)
    names = ("3 slices of 20 × 30 px, 8 bit", "2 slices of 9 × 9 px, 16 bit")
    assert caught.value.choices.open == {"series": Choice(names, None)}
    np.testing.assert_array_equal(read_all(open_stack(data, series=0)), large)
    np.testing.assert_array_equal(read_all(open_stack(data, series=1)), small)
    assert open_stack(data, series=1).notes == ("Number 2 of 2 images in the file is shown.",)


def test_one_picture_saved_in_two_bit_depths_is_the_first(rng):
    image = rng.integers(0, 255, (20, 30))
    data = pages_bytes(image.astype(np.uint16), image.astype(np.uint8))

    assert open_stack(data).dtype == np.uint16
    assert open_stack(data).notes == ("The first of 2 images in the file is shown.",)
    assert open_stack(data, series=1).dtype == np.uint8


def test_every_image_of_an_ome_file_can_be_chosen_with_its_own_voxel_size(rng):
    first = rng.integers(0, 255, (3, 20, 30)).astype(np.uint8)
    second = rng.integers(0, 255, (2, 12, 14)).astype(np.uint16)
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle, ome=True) as writer:
        for image, size in ((first, 1.5), (second, 4.0)):
            metadata = {"axes": "ZYX", "PhysicalSizeX": size, "PhysicalSizeY": size}
            writer.write(image, photometric="minisblack", metadata=metadata)

    for series, (image, size) in enumerate(((first, 1.5), (second, 4.0))):
        stack = open_stack(handle.getvalue(), series=series)
        np.testing.assert_array_equal(read_all(stack), image)
        assert stack.voxel_size_um == size
    assert open_stack(handle.getvalue()).choices.series.chosen == 0


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"channel": 3}, r'"rock" has no channel 4; it has 3 channels\.'),
        ({"time": 2}, r"no time point 3; it has 2 time points"),
        ({"series": 1}, r"no image 2; it has 1 image\."),
        ({"channel": -1}, "no channel 0"),
    ],
)
def test_what_is_not_in_the_file_cannot_be_chosen(five_axes, wanted, message):
    data = tiff_bytes(five_axes, metadata={"axes": "TZCYX"}, imagej=True)

    with pytest.raises(StackError, match=message) as caught:
        open_stack(data, "rock", **wanted)
    assert caught.value.hint


def test_a_plain_stack_has_one_channel_and_one_time_point(rng):
    data = pages_bytes(*rng.integers(0, 255, (3, 20, 30)).astype(np.uint8))

    assert open_stack(data, series=0, channel=0, time=0).n_slices == 3
    assert open_stack(data).choices.open == {}
    for kind in ("channel", "time"):
        with pytest.raises(StackError, match=f"has no {kind}.* 2; it has 1"):
            open_stack(data, **{kind: 1})


def test_the_first_is_picked_by_default():
    assert pick("channel", None, ("a", "b")) == 0
    assert pick("channel", 1, ("a", "b")) == 1
    assert pick("channel", 0, ()) == 0
    assert numbered("time", 2) == ("time point 1", "time point 2")


def test_planes_are_numbered_through_all_axes():
    leading = [("T", 2), ("Z", 3), ("C", 2)]

    planes, _, choices = choose_planes(leading, "TC", Selection(channel=1, time=1))

    assert planes.tolist() == [7, 9, 11]
    assert Choices(**choices).open.keys() == {"channel", "time"}
