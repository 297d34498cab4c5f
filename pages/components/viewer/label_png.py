"""Labels as the viewer takes them: PNGs whose colors are the label values."""

import struct
import zlib

from pages.cache.store import kept
from sandseg.errors import LabelError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3  # color types of a PNG whose samples can be labels
_KEPT_CHUNKS = (b"IDAT", b"IEND")


@kept()
def plain_label_png(png: bytes) -> bytes:
    """Return the same samples under a palette of equal greys, so that red is the label value.

    Raises:
        LabelError: It is no palette or grey PNG of at most 8 bits.
    """
    chunks = list(_chunks(png))
    depth, color_type = chunks[0][1][8:10] if chunks and len(chunks[0][1]) == 13 else (0, None)
    if color_type not in (_GREY, _PALETTE) or depth > 8:
        raise LabelError(
            "The labels to be shown are no palette or grey PNG of at most 8 bits.",
            hint="Encode the label values themselves, not their colors.",
        )
    header = bytearray(chunks[0][1])
    header[9] = _PALETTE
    palette = b"".join(bytes([value]) * 3 for value in range(2**depth))
    kept = [(name, body) for name, body in chunks if name in _KEPT_CHUNKS]
    return _SIGNATURE + b"".join(
        _chunk(name, body) for name, body in [(b"IHDR", header), (b"PLTE", palette), *kept]
    )


def _chunks(png: bytes):  # noqa: ANN202 - an iterator of (name, body)
    position = len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and position + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, position)
        yield png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        position += 12 + length


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
