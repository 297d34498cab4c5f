"""Look through a stack from all sides: cuts across its slices, contact sheet, grey-value counts."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from sandseg.grey.display import to_display
from sandseg.scan.stack import Stack

LARGEST_VOLUME = 2**28  # voxels kept in memory, a byte each
NUMBER = 255
NUMBER_EDGE = 0  # around a bright number, so that it is read on bright grains too
GAP = 4  # pixels between the pictures of a contact sheet


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
