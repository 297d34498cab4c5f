"""Arrays encoded as pictures for browsers: PNG, palette PNG, JPEG."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sandseg.classes import SANDSTONE, SegmentationClass, palette
from sandseg.export.provenance import as_text


def encode_png(rgb: np.ndarray, facts: Mapping[str, object] | None = None) -> bytes:
    """Return (Y, X, 3) uint8 colors, or (Y, X) uint8 greys, as the bytes of a PNG.

    `facts` are what the picture says of itself, a text chunk each.
    """
    texts = PngInfo()
    for name, fact in (facts or {}).items():
        texts.add_text(name, as_text(fact))
    return _encode(Image.fromarray(rgb), format="PNG", compress_level=3, pnginfo=texts)


def encode_palette_png(
    labels: np.ndarray, classes: Sequence[SegmentationClass] = SANDSTONE
) -> bytes:
    """Return (Y, X) uint8 labels as a PNG in the classes' colors; its pixels are the labels."""
    image = Image.fromarray(labels)
    image.putpalette(palette(classes).tobytes())
    return _encode(image, format="PNG", compress_level=6)


def encode_jpeg(grey: np.ndarray, quality: int = 90) -> bytes:
    """Return (Y, X) uint8 grey values as the bytes of a JPEG; quality from 1 to 95."""
    return _encode(Image.fromarray(grey), format="JPEG", quality=quality)


def _encode(image: Image.Image, **options: Any) -> bytes:
    handle = io.BytesIO()
    image.save(handle, **options)
    return handle.getvalue()
