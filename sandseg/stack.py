"""Open a TIFF safely and lazily as a stack of grey slices; read label files."""

from collections.abc import Callable, Iterable

import numpy as np
from tifffile import COMPRESSION

from sandseg.classes import IGNORED, decode_labels
from sandseg.errors import LabelError, StackError
from sandseg.tiff_check import LOCAL_LIMITS, WEB_LIMITS, StackLimits, reading
from sandseg.tiff_file import OpenTiff, Source
from sandseg.tiff_grey import choose_grey, is_grey
from sandseg.tiff_scale import find_voxel_size

__all__ = [
    "LOCAL_LIMITS",
    "WEB_LIMITS",
    "Stack",
    "StackLimits",
    "check_numbers",
    "check_same_shape",
    "check_values",
    "open_stack",
    "read_labels",
]


class Stack:
    """A stack of slices (Z, Y, X), read one at a time.

    `axes` are the letters found in the file, `notes` say what was guessed while reading it.
    `read_slice` may be called from several threads.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, int, int],
        dtype: np.dtype,
        read: Callable[[int], np.ndarray],
        voxel_size_um: float | None = None,
    ):
        self.name = name
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.voxel_size_um = voxel_size_um
        self.axes = "ZYX"
        self.compression = "none"
        self.notes: tuple[str, ...] = ()
        self._read = read
        self._close: Callable[[], None] = lambda: None

    @classmethod
    def from_array(
        cls, array: np.ndarray, name: str = "array", voxel_size_um: float | None = None
    ) -> "Stack":
        """Make a stack of a (Z, Y, X) or (Y, X) array; the array is not copied.

        Raises:
            StackError: The array has other axes, no pixels, or complex numbers.
        """
        array = np.asarray(array)
        slices = array[None] if array.ndim == 2 else array
        if slices.ndim != 3 or slices.size == 0 or slices.dtype.kind not in "buif":
            raise StackError(
                f'"{name}" is an array of shape {array.shape} and type {array.dtype}; needed are '
                "real numbers with the axes (Z, Y, X) or (Y, X).",
                hint="Choose one channel and one time point.",
            )
        return cls(name, slices.shape, slices.dtype, lambda z: slices[z], voxel_size_um)

    @property
    def n_slices(self) -> int:
        """Number of slices Z."""
        return self.shape[0]

    def read_slice(self, z: int) -> np.ndarray:
        """Return slice z, counted from 0: (Y, X) of `dtype`. Messages count from 1, as people do.

        Raises:
            StackError: There is no slice z, or its pixels are damaged.
        """
        if not 0 <= z < self.n_slices:
            raise StackError(
                f'"{self.name}" has no slice {z + 1}; its slices are 1 to {self.n_slices}.',
                hint="Choose a slice of the stack.",
            )
        return self._read(int(z))

    def close(self) -> None:
        """Close the file; slices cannot be read any more."""
        self._close()

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_stack(source: Source, name: str = "", limits: StackLimits = WEB_LIMITS) -> Stack:
    """Open a TIFF without reading its pixels.

    Args:
        source: A path, the bytes of a file, or a binary file that can seek (an upload).
        name: What to call it in messages; the file's own name by default.
        limits: The largest stack to accept.

    Raises:
        StackError: The file is missing, damaged, too large, in color, or of a rare kind.
    """
    tiff = OpenTiff(source, name, limits)
    try:
        return _grey_stack(tiff)
    except BaseException:
        tiff.close()
        raise


def _grey_stack(tiff: OpenTiff) -> Stack:
    first = tiff.layout.first
    with reading(tiff.name):
        grey = choose_grey(first, lambda: tiff.read(0), tiff.name)
        voxel_size_um, voxel_notes = find_voxel_size(tiff.tif, first)

    def read(z: int) -> np.ndarray:
        with reading(tiff.name):
            return grey.to_grey(tiff.read(z))

    stack = Stack(tiff.name, tiff.shape, grey.dtype, read, voxel_size_um)
    stack.axes = tiff.layout.axes
    stack.compression = COMPRESSION(first.compression).name.lower().replace("adobe_", "")
    stack.notes = (*tiff.layout.notes, *grey.notes, *voxel_notes)
    stack._close = tiff.close
    return stack


def check_values(image: np.ndarray) -> None:
    """Check that a slice, when it is all there is, holds something to segment.

    Args:
        image: (Y, X) of any real type.

    Raises:
        StackError: All pixels have one value, or some are no finite numbers.
    """
    check_numbers(image)
    lowest = image.min()
    if lowest == image.max():
        raise StackError(
            f"Every pixel is {lowest:g}; nothing to segment.",
            hint="Choose another slice, or export the image again.",
        )


def check_numbers(image: np.ndarray) -> None:
    """Check that every pixel of a slice is a finite number; one value throughout is fine.

    Raises:
        StackError: Some pixels are NaN or infinite.
    """
    if image.dtype.kind == "f":
        n_bad = image.size - int(np.count_nonzero(np.isfinite(image)))
        if n_bad == image.size:
            raise StackError(
                "No pixel of the slice is a finite number; nothing to segment.",
                hint="Export the slice again, as 8- or 16-bit grey values.",
            )
        if n_bad:
            raise StackError(
                f"{n_bad:,} of {image.size:,} pixels are not numbers (NaN or infinite).",
                hint="Replace them first, for example in ImageJ with Process > Math > NaN "
                "Background, or export as 16-bit grey values.",
            )


def read_labels(source: Source, name: str = "", n_classes: int = 4) -> np.ndarray:
    """Read a label file: (Z, Y, X) uint8 labels, `IGNORED` where nobody labelled.

    Values are taken as stored, whatever colors a color table gives them; RGB is decoded by color.

    Raises:
        StackError: The file is missing, damaged or too large.
        LabelError: Its values belong to none of the known codings.
    """
    tiff = OpenTiff(source, name, WEB_LIMITS)
    try:
        raw_slices = (_read_raw(tiff, z) for z in range(tiff.shape[0]))
        if any(not is_grey(_read_raw(tiff, z)) for z in range(tiff.shape[0])):
            return np.stack([decode_labels(raw[..., :3], n_classes) for raw in raw_slices])
        return _decode_values(raw_slices, tiff.shape, n_classes)
    finally:
        tiff.close()


def _read_raw(tiff: OpenTiff, z: int) -> np.ndarray:
    with reading(tiff.name):
        return tiff.read(z)


def _decode_values(
    raw_slices: Iterable[np.ndarray], shape: tuple[int, int, int], n_classes: int
) -> np.ndarray:
    """Decode by the values of the whole stack: one slice may lack the class that tells."""
    labels = np.empty(shape, np.uint8)
    is_found = np.zeros(256, bool)
    for image, raw in zip(labels, raw_slices, strict=True):
        values = raw if raw.ndim == 2 else raw[..., 0]
        lowest, highest = values.min(), values.max()
        is_in_range = lowest >= 0 and highest <= IGNORED
        image[:] = values if is_in_range else 0
        if not (is_in_range and np.array_equal(image, values)):
            decode_labels(values, n_classes)  # says what is wrong: fractions, other values
        is_found |= np.bincount(image.ravel(), minlength=256) > 0
    found = np.flatnonzero(is_found)
    table = np.zeros(256, np.uint8)
    table[found] = decode_labels(found[None], n_classes)
    for image in labels:
        image[:] = table[image]
    return labels


def check_same_shape(stack: Stack, labels: np.ndarray) -> None:
    """Check that labels belong to a stack.

    Raises:
        LabelError: They differ in the number of slices or in size.
    """
    if tuple(stack.shape) != tuple(labels.shape):
        raise LabelError(
            f'"{stack.name}" is {_shape_text(stack.shape)}, '
            f"but the labels are {_shape_text(labels.shape)}.",
            hint="Choose the labels made for this image, neither cropped nor resized.",
        )


def _shape_text(shape: tuple[int, ...]) -> str:
    *depth, height, width = shape
    n_slices = depth[0] if depth else 1
    return f"{n_slices} slice{'s' * (n_slices != 1)} of {height} × {width} pixels"
