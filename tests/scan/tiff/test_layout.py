import io
import struct

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from tests.made_tiffs import pages_bytes, read_all, tiff_bytes


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"imagej": True, "metadata": {"axes": "ZYX"}},
        {"imagej": True},
        {"ome": True, "metadata": {"axes": "ZYX"}},
        {"ome": True, "metadata": {"axes": "ZYX"}, "compression": "lzw"},
        {"metadata": {"axes": "TYX"}},
        {"volumetric": True},
        {"volumetric": True, "compression": "zlib", "tile": (16, 16)},
        {"bigtiff": True},
    ],
)
@pytest.mark.parametrize("n_slices", [1, 3, 5])
def test_every_way_of_writing_a_volume_is_read_as_slices(volume, options, n_slices):
    stack = open_stack(tiff_bytes(volume[:n_slices], **options))

    np.testing.assert_array_equal(read_all(stack), volume[:n_slices])


def test_three_slices_that_tifffile_wrote_as_planes_of_colors_are_three_slices(volume):
    stack = open_stack(tiff_bytes(volume[:3].astype(np.uint8)))

    np.testing.assert_array_equal(read_all(stack), volume[:3].astype(np.uint8))
    assert "read as 3 slices" in stack.notes[0]


def test_slices_written_one_by_one_are_one_stack(volume):
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for image in volume:
            writer.write(image)

    np.testing.assert_array_equal(read_all(open_stack(handle)), volume)


def test_depth_is_kept_and_the_first_channel_and_time_point_taken(rng):
    values = rng.integers(0, 255, (2, 4, 3, 16, 20)).astype(np.uint16)
    for options in ({"imagej": True}, {"ome": True}):
        stack = open_stack(tiff_bytes(values, metadata={"axes": "TZCYX"}, **options))

        np.testing.assert_array_equal(read_all(stack), values[0, :, 0])
        assert stack.notes == (
            "The first of 2 time points is shown.",
            "The first of 3 channels is shown.",
        )


def test_axes_of_length_one_go(volume):
    stack = open_stack(tiff_bytes(volume[None, :, None], imagej=True))

    assert stack.shape == volume.shape
    assert stack.axes == "ZYX"
    assert stack.notes == ()


def test_an_imagej_stack_without_its_end_says_what_is_missing(volume):
    data = tiff_bytes(volume, imagej=True, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(io.BytesIO(data)) as tif:  # ImageJ writes large stacks as one page
        page = tif.pages.first
        one_page = bytearray(data[: page.dataoffsets[0] + volume.nbytes])
        struct.pack_into("<I", one_page, page.offset + 2 + 12 * len(page.tags), 0)

    np.testing.assert_array_equal(read_all(open_stack(bytes(one_page))), volume)
    with pytest.raises(StackError, match="cut off: it should hold 5 slices"):
        open_stack(bytes(one_page[:-1]))


def test_an_ome_description_of_billions_of_slices_is_refused(volume):
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        'SizeX="31" SizeY="24" SizeZ="5" SizeC="30000" SizeT="30000"><TiffData/></Pixels>'
        "</Image></OME>"
    )
    data = pages_bytes(volume, description=xml)

    with pytest.raises(StackError, match="describes [0-9,]+ slices"):
        open_stack(data)
