"""Labels, errors and confidence as pictures."""

from collections.abc import Collection, Sequence
from functools import cache

import numpy as np

from sandseg.classes import IGNORED, SegmentationClass, palette
from sandseg.grey.display import to_display

MISSED = (0xD0, 0x1C, 0x8B)  # magenta: truly the class, called something else
INVENTED = (0x0B, 0x8F, 0x5A)  # green: called the class, truly something else


def blend(
    image: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[SegmentationClass],
    opacity: float = 0.5,
    shown: Collection[int] | None = None,
) -> np.ndarray:
    """Lay the colors of some classes over a grey slice.

    Args:
        image: (Y, X) uint8.
        labels: (Y, X) uint8.
        classes: The classes and their colors.
        opacity: In [0, 1]: 0 leaves the slice as it is, 1 hides it.
        shown: Labels of the classes to color; the others stay clear. All when None.

    Returns:
        (Y, X, 3) uint8.
    """
    values = {material.value for material in classes}
    tinted = sorted(values if shown is None else values & set(shown))
    weights = np.zeros((256, 1, 1))
    weights[tinted] = opacity
    return _mixed(image, labels, palette(classes)[:, None, :], weights)


def errors_only(
    image: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    class_value: int | None = None,
    opacity: float = 1.0,
) -> np.ndarray:
    """Mark the wrong pixels on a grey slice and leave all others grey.

    Args:
        image: (Y, X) uint8.
        true: (Y, X) uint8 labels; `IGNORED` pixels are never wrong.
        predicted: (Y, X) uint8 labels.
        class_value: The class whose errors are shown, `MISSED` and `INVENTED`; with None every
            wrong pixel counts as missed, for its true class was.
        opacity: Of the marks, in [0, 1].

    Returns:
        (Y, X, 3) uint8.
    """
    kinds = _error_kinds(true, predicted, class_value)
    marks = np.array([(0, 0, 0), MISSED, INVENTED], float)[:, None, :]
    weights = np.array([0, opacity, opacity])[:, None, None]
    return _mixed(image, kinds, marks, weights)


def error_marks(
    true: np.ndarray, predicted: np.ndarray, class_value: int | None = None
) -> np.ndarray:
    """Mark the wrong pixels as `errors_only` does, to be laid over any picture.

    Returns:
        (Y, X, 4) uint8, transparent where nothing is wrong.
    """
    marks = np.array([(0, 0, 0, 0), (*MISSED, 255), (*INVENTED, 255)], np.uint8)
    return marks[_error_kinds(true, predicted, class_value)]


def _error_kinds(true: np.ndarray, predicted: np.ndarray, class_value: int | None) -> np.ndarray:
    """Return (Y, X) uint8: 0 right, 1 missed, 2 invented."""
    kinds = (true != predicted).astype(np.uint8)
    if class_value is not None:
        kinds *= (true == class_value) + 2 * (predicted == class_value).astype(np.uint8)
    kinds[true == IGNORED] = 0
    return kinds


def confidence_colors(confidence: np.ndarray, low: float = 0.0) -> np.ndarray:
    """Paint confidence on the cividis scale, dark blue where unsure, yellow where sure.

    Args:
        confidence: (Y, X) float in [0, 1].
        low: Confidence at the dark end of the scale; below it is painted the same.

    Returns:
        (Y, X, 3) uint8.
    """
    return _look_up(_cividis(), to_display(confidence, low, 1.0))


@cache
def _cividis() -> np.ndarray:
    from matplotlib import colormaps  # slow to load, and only this picture needs it

    return colormaps["cividis"](np.arange(256), bytes=True)[:, :3]


def _mixed(
    image: np.ndarray, labels: np.ndarray, colors: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    # All (label, grey) pairs that can occur are mixed once, so that a pixel is one look-up.
    greys = np.arange(256)[None, :, None]
    table = np.rint(greys * (1 - weights) + colors * weights).astype(np.uint8)
    return _look_up(table.reshape(-1, 3), labels.astype(np.uint16) << 8 | image)


def _look_up(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    # Taking whole colors as 3-byte elements is four times as fast as plain `table[index]`.
    colors = np.ascontiguousarray(table).view("V3").ravel()
    return np.take(colors, index).view(np.uint8).reshape(*index.shape, 3)
