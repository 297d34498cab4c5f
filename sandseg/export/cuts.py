"""Look through a stack from all sides: cuts across its slices, contact sheet, grey-value counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from sandseg.export.overlay import to_display
from sandseg.scan.formats import Stack

LARGEST_VOLUME = 2**28  # voxels kept in memory, a byte each
LARGEST_COUNT = 2**26  # voxels; of a larger stack only some slices are counted
N_COUNTED = 24
N_GREYS = 256
NUMBER = 255
NUMBER_EDGE = 0  # around a bright number, so that it is read on bright grains too
GAP = 4  # pixels between the pictures of a contact sheet


@dataclass(frozen=True, eq=False)
class Survey:
    """The grey values of a stack: how often each occurs, and the lowest and the highest.

    `counts` is (C + 1, 256) as from `count_greys`; `low` and `high` are of the stack's own scale,
    NaN where no pixel is a number; `n_slices` is how many slices were looked at.
    """

    counts: np.ndarray
    low: float
    high: float
    n_slices: int


def fits_in_memory(shape: tuple[int, int, int]) -> bool:
    """Return whether a stack (Z, Y, X) is small enough to be cut across its slices."""
    return math.prod(shape) <= LARGEST_VOLUME


def display_volume(stack: Stack, low: float, high: float) -> np.ndarray:
    """Read a whole stack as it is shown on a screen: (Z, Y, X) uint8, `low` black, `high` white.

    Raises:
        StackError: A slice is damaged.
    """
    volume = np.empty(stack.shape, np.uint8)
    for z in range(stack.n_slices):
        volume[z] = to_display(stack.read_slice(z), low, high)
    return volume


def cut_xz(volume: np.ndarray, y: int) -> np.ndarray:
    """Return the plane at row y of (Z, Y, X): (Z, X), the first slice on top."""
    return volume[:, y, :]


def cut_yz(volume: np.ndarray, x: int) -> np.ndarray:
    """Return the plane at column x of (Z, Y, X): (Z, Y), the first slice on top."""
    return volume[:, :, x]


def scale_to_fit(shapes: Sequence[tuple[int, int]], height: int, width: int) -> float:
    """Return the factor that enlarges all (rows, columns) alike until one fills its room."""
    return min(min(height / rows, width / columns) for rows, columns in shapes)


def enlarge(picture: np.ndarray, scale: float) -> np.ndarray:
    """Enlarge a picture; neighbours are repeated, never mixed.

    Args:
        picture: (Y, X) or (Y, X, 3) uint8.
        scale: Screen pixels per pixel.

    Returns:
        uint8, as large as `scale` makes it and at least one pixel each way.
    """
    n_rows, n_columns = picture.shape[:2]
    return picture[_enlarged(n_rows, scale)][:, _enlarged(n_columns, scale)]


def _enlarged(length: int, scale: float) -> np.ndarray:
    n = max(1, round(length * scale))
    return np.minimum((np.arange(n) + 0.5) / n * length, length - 1).astype(int)


def spread_slices(n_slices: int, n: int) -> list[int]:
    """Return up to n different slices, evenly spread from the first to the last."""
    positions = np.linspace(0, n_slices - 1, min(n, n_slices))
    return [int(z) for z in positions.round()]


def contact_sheet(
    pictures: Sequence[np.ndarray], titles: Sequence[str], n_columns: int, width: int
) -> np.ndarray:
    """Lay small versions of pictures side by side, each with its title in the corner.

    Args:
        pictures: One or more, each (Y, X) uint8 of one size.
        titles: A short text for each.
        n_columns: Pictures in a row.
        width: Of the sheet at most, in pixels; pictures are shrunk but never enlarged.

    Returns:
        (Y, X) uint8, black between the pictures.
    """
    n_columns = min(n_columns, len(pictures))
    cell = width // n_columns - GAP
    small = [_titled(image, text, cell) for image, text in zip(pictures, titles, strict=True)]
    height, cell = small[0].shape
    n_rows = -(-len(small) // n_columns)
    sheet = np.zeros((n_rows * (height + GAP) - GAP, n_columns * (cell + GAP) - GAP), np.uint8)
    for i, image in enumerate(small):
        row, column = divmod(i, n_columns)
        top, left = row * (height + GAP), column * (cell + GAP)
        sheet[top : top + height, left : left + cell] = image
    return sheet


def _titled(image: np.ndarray, title: str, width: int) -> np.ndarray:
    picture = Image.fromarray(image)
    if image.shape[1] > width:
        size = (max(1, width), max(1, round(image.shape[0] * width / image.shape[1])))
        picture = picture.resize(size, Image.Resampling.BOX)
    text = ImageDraw.Draw(picture)
    text.text((6, 4), title, fill=NUMBER, font_size=16, stroke_width=2, stroke_fill=NUMBER_EDGE)
    return np.asarray(picture)


def count_greys(greys: np.ndarray, labels: np.ndarray | None, n_classes: int) -> np.ndarray:
    """Count grey values by class.

    Args:
        greys: uint8 of any shape.
        labels: uint8 of the same shape, or None where nobody labelled.
        n_classes: Number of classes C.

    Returns:
        (C + 1, 256) int64; the last row counts pixels without a label.
    """
    if labels is None:
        kinds = np.full(greys.shape, n_classes, np.uint16)
    else:
        kinds = np.minimum(labels, n_classes).astype(np.uint16)
    pairs = (kinds << 8 | greys).ravel()
    size = (n_classes + 1) * N_GREYS
    return np.bincount(pairs, minlength=size).reshape(n_classes + 1, N_GREYS)


def survey_stack(
    stack: Stack,
    low: float,
    high: float,
    labels: np.ndarray | None = None,
    n_classes: int = 0,
) -> Survey:
    """Look through the slices of a stack, or through some of a large one, evenly spread.

    Args:
        stack: The grey slices.
        low: Grey value shown black.
        high: Grey value shown white.
        labels: (Z, Y, X) uint8, or None.
        n_classes: Number of classes C of the labels.

    Raises:
        StackError: A slice is damaged.
    """
    is_small = math.prod(stack.shape) <= LARGEST_COUNT
    slices = spread_slices(stack.n_slices, stack.n_slices if is_small else N_COUNTED)
    counts = np.zeros((n_classes + 1, N_GREYS), np.int64)
    ends = []
    for z in slices:
        image = stack.read_slice(z)
        found = None if labels is None else labels[z]
        counts += count_greys(to_display(image, low, high), found, n_classes)
        finite = image[np.isfinite(image)] if image.dtype.kind == "f" else image
        if finite.size:
            ends += [float(finite.min()), float(finite.max())]
    lowest, highest = (min(ends), max(ends)) if ends else (np.nan, np.nan)
    return Survey(counts, lowest, highest, len(slices))
