import io
import struct

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from tests.made_tiffs import pages_bytes, read_all


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


def test_a_pyramid_is_read_at_full_resolution(volume):
    handle = io.BytesIO()
    full = np.kron(volume[0], np.ones((4, 4), np.uint16))
    with tifffile.TiffWriter(handle) as writer:
        writer.write(full, metadata=None)
        writer.write(full[::2, ::2], subfiletype=1, metadata=None)
        writer.write(full[::4, ::4], subfiletype=1, metadata=None)

    stack = open_stack(handle)

    np.testing.assert_array_equal(read_all(stack), full[None])
    assert stack.notes == ("2 smaller preview images in the file left out.",)


def test_unmarked_halved_copies_are_a_pyramid_too(volume):
    stack = open_stack(pages_bytes([volume[0], volume[0, ::2, ::2]]))

    np.testing.assert_array_equal(read_all(stack), volume[:1])


def chain_of_pages(n_pages):
    """Many pages that all point to the same 16 × 16 pixels."""
    tags = [(256, 4, 16), (257, 4, 16), (258, 3, 8), (262, 3, 1), (273, 4, 8), (279, 4, 256)]
    size = 2 + 12 * len(tags) + 4
    start = 8 + 256
    entries = b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in tags)
    offsets = [start + (page + 1) * size for page in range(n_pages - 1)] + [0]
    pages = (struct.pack("<H", len(tags)) + entries + struct.pack("<I", o) for o in offsets)
    return b"II*\0" + struct.pack("<I", start) + bytes(256) + b"".join(pages)


def test_pages_that_share_their_pixels_are_refused():
    assert open_stack(chain_of_pages(1)).shape == (1, 16, 16)
    with pytest.raises(StackError, match="Pages 1 and 2 of .* share the same pixels"):
        open_stack(chain_of_pages(2))
    with pytest.raises(StackError, match="more than 10,000 pages"):
        open_stack(chain_of_pages(20_000))


def test_slices_of_different_size_are_named(volume):
    images = [volume[0], volume[1], volume[2, :20]]
    with pytest.raises(StackError, match="slice 1 is 24 × 31 pixels, slice 3 is 20 × 31"):
        open_stack(pages_bytes(images))


def test_slices_of_different_kind_are_named(volume):
    images = [volume[0], volume[0].astype(np.uint8), volume[1]]
    with pytest.raises(StackError, match="slice 1 is 16-bit uint16 .* slice 2 is 8-bit uint8"):
        open_stack(pages_bytes(images))
