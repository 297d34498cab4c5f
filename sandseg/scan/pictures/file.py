"""A PNG, BMP or JPEG file, opened and checked: its pixels as they are stored."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import imagecodecs
import numpy as np
from PIL import Image, UnidentifiedImageError

from sandseg.errors import FILE, StackError
from sandseg.scan.colors import color_error
from sandseg.scan.damage import EXPORT_AGAIN, reading
from sandseg.scan.limits import StackLimits, check_memory, check_size
from sandseg.scan.pictures.png import check_sums, png_kind
from sandseg.scan.source import Source, open_source
from sandseg.scan.tiff.check import check_declared

Image.MAX_IMAGE_PIXELS = None  # the limits of this program are checked before a pixel is decoded
_READERS = ("PNG", "BMP", "JPEG")
_CHANNELS = {
    **dict.fromkeys(("1", "L", "P", "I;16"), ()),
    "LA": ("grey", "alpha"),
    "RGB": ("red", "green", "blue"),
    "RGBA": ("red", "green", "blue", "alpha"),
}
_ORIENTATION = 0x0112  # EXIF
_PEAK = 3  # a picture in its decoder's hands, decoded, and as grey values


class OpenPicture:
    """A picture whose pixels were checked but not decoded.

    `kind` is "PNG", "BMP" or "JPEG"; `channels` are the names of the numbers of a pixel, none where
    there is one; `bits` are those of each number.

    Raises `StackError` when it is missing, damaged, too large, or of a kind that cannot be read.
    """

    def __init__(self, source: Source, limits: StackLimits):
        self._handle, self.close = open_source(source)
        self._lock = threading.Lock()
        try:
            with _decoding():
                self._open(limits)
        except BaseException:
            self.close()
            raise

    def _open(self, limits: StackLimits) -> None:
        size = self._handle.seek(0, io.SEEK_END)
        self._handle.seek(0)
        self.bits, self._is_grey_with_alpha = png_kind(self._handle, size) or (8, False)
        self._handle.seek(0)
        self.image = Image.open(self._handle, formats=_READERS)
        self.kind = {"MPO": "JPEG", "DIB": "BMP"}.get(self.image.format, self.image.format)
        if getattr(self.image, "n_frames", 1) > 1:
            raise StackError(
                f'"{FILE}" is a {self.kind} of several pictures, as in an animation.',
                hint="Save each slice as a file of its own, or all of them as one TIFF.",
            )
        if self.image.mode not in _CHANNELS:
            raise color_error(f"its color mode is {self.image.mode}")
        self.channels = _CHANNELS["LA" if self._is_grey_with_alpha else self.image.mode]
        self.dtype = np.dtype(np.uint16 if self.bits == 16 else np.uint8)
        n_bytes = self.shape[0] * self.shape[1] * max(len(self.channels), 1) * self.dtype.itemsize
        check_size((1, *self.shape), 1, limits)
        check_declared(n_bytes, size, limits)
        check_memory(_PEAK * n_bytes)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.height, self.image.width

    @cached_property
    def table(self) -> np.ndarray | None:
        """The colors (3, 256) uint8 that pixels name by their number; None where they do not."""
        if self.image.mode != "P":
            return None
        with self._lock, _decoding():
            colors = np.array(self.image.getpalette("RGB"), np.uint8).reshape(-1, 3).T
        return np.pad(colors, ((0, 0), (0, max(256 - colors.shape[1], 0))), "edge")

    def read(self) -> np.ndarray:
        """Return the pixels as they are stored: (Y, X), or (Y, X, C) with several channels."""
        with self._lock, _decoding():
            self._handle.seek(0)
            data = self._handle.read()
            if self.kind == "PNG":
                check_sums(data)
            if self.bits == 16 and self.channels:  # Pillow would keep 8 bits of them
                return imagecodecs.png_decode(data)[..., : len(self.channels)]
            pixels = np.asarray(Image.open(io.BytesIO(data), formats=_READERS))
        if pixels.dtype == bool:
            return pixels.astype(np.uint8)
        if self.bits < 8 and self.image.mode == "L":  # Pillow spreads them over 0 to 255
            return pixels // (255 // (2**self.bits - 1))
        return pixels.astype(self.dtype, copy=False)

    def is_opaque(self, pixels: np.ndarray) -> bool:
        """Tell whether nothing can be seen through pixels that `read` returned."""
        if "alpha" in self.channels:
            return bool((pixels[..., -1] == np.iinfo(pixels.dtype).max).all())
        clear = self.image.info.get("transparency")
        if clear is None:
            return True
        if isinstance(clear, bytes):  # an alpha for each color of the table
            alphas = np.pad(np.frombuffer(clear, np.uint8), (0, 256), constant_values=255)
            return bool((alphas[pixels] == 255).all())
        if isinstance(clear, tuple):
            return not (pixels == np.array(clear)).all(axis=-1).any()
        return not (pixels == (clear > 0 if self.image.mode == "1" else clear)).any()

    @property
    def turned(self) -> int:
        """How EXIF asks for the picture to be turned before it is shown; 1 for not at all."""
        if "exif" not in self.image.info:
            return 1
        with _decoding():
            return int(self.image.getexif().get(_ORIENTATION, 1))


@contextmanager
def _decoding() -> Iterator[None]:
    with reading():
        try:
            yield
        except (SyntaxError, UnidentifiedImageError) as error:  # Pillow's words for this
            raise StackError(
                f'"{FILE}" cannot be read: it begins like a picture, but is damaged.',
                hint=EXPORT_AGAIN,
            ) from error
        except OSError as error:
            if "truncated" not in str(error):
                raise
            raise StackError(
                f'"{FILE}" is cut off: the end of the picture is missing.',
                hint="Copy or export the file again; the end is missing.",
            ) from error
