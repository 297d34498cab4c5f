"""PNG, BMP and JPEG files made for tests."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
from PIL import Image


def picture_bytes(array, kind="PNG", **options):
    """Save (Y, X) or (Y, X, C) as Pillow does, 16-bit colors in another way."""
    if array.dtype == np.uint16 and array.ndim == 3:
        return imagecodecs.png_encode(array)
    handle = io.BytesIO()
    Image.fromarray(array).save(handle, kind, **options)
    return handle.getvalue()


def palette_bytes(numbers, colors, kind="PNG", **options):
    """Save (Y, X) numbers of the colors (N, 3) of a table."""
    height, width = numbers.shape
    image = Image.frombytes("P", (width, height), numbers.astype(np.uint8).tobytes())
    image.putpalette(np.asarray(colors, np.uint8).ravel().tolist())
    handle = io.BytesIO()
    image.save(handle, kind, **options)
    return handle.getvalue()


def few_bits_png(values, bits):
    """A grey PNG of 1, 2 or 4 bits a pixel, which Pillow does not write; width a multiple of 8."""
    height, width = values.shape
    digits = values.astype(np.uint8)[..., None] >> np.arange(bits - 1, -1, -1) & 1
    rows = np.packbits(digits.reshape(height, -1), axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
