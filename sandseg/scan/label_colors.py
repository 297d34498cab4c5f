"""Colored label files: pure colors, anti-aliased ones, other people's, and one-hot masks."""

from collections.abc import Mapping, Sequence

import numpy as np

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.errors import LabelError

# The coding of the public sandstone masks: blue air, green clay, red quartz, yellow pyrite.
SANDSTONE_RGB = {(0, 0, 255): 0, (0, 255, 0): 1, (255, 0, 0): 2, (255, 255, 0): 3}
NEAR = 100  # of 442: how far a color may be from the one that is meant
MOST_FAR = 0.2  # share of pixels, beyond which it is another set of colors
_HINT = "Say what the colors mean: --label-colors blue=air,#ff8000=clay; or export whole numbers."

Colors = Mapping[tuple[int, int, int], int]


def decode_colors(raw: np.ndarray, n_classes: int, colors: Colors | None = None) -> np.ndarray:
    """Turn colors into labels: each pixel gets the class whose color is nearest.

    Args:
        raw: (..., Y, X, 3) of 8 or 16 bits, or of the values 0 and 1.
        n_classes: Number of classes C.
        colors: What each color means; else those of the public sandstone masks.

    Returns:
        (..., Y, X) uint8; `IGNORED` where no color is near.

    Raises:
        LabelError: Too much of it has other colors, or it may as well be one-hot masks.
    """
    pixels = _of_8_bits(raw)
    if not colors:
        _refuse_one_hot(pixels)
    table = np.array(list((colors or SANDSTONE_RGB).keys()), np.float32)
    meant = np.array(list((colors or SANDSTONE_RGB).values()), np.uint8)
    flat, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    distances = np.linalg.norm(flat[:, None].astype(np.float32) - table, axis=-1)
    nearest = np.where(distances.min(axis=1) <= NEAR, meant[distances.argmin(axis=1)], IGNORED)
    labels = nearest[places.ravel()].reshape(raw.shape[:-1]).astype(np.uint8)
    share_far = float((distances.min(axis=1) > NEAR)[places.ravel()].mean())
    if share_far > MOST_FAR:
        wanted = (
            "those that were named"
            if colors
            else ("pure blue (air), green (clay), red (quartz) and yellow (pyrite)")
        )
        raise LabelError(
            f"{share_far:.0%} of the colored label file has colors other than {wanted}.",
            hint=_HINT,
        )
    highest = labels[labels != IGNORED].max(initial=0)
    if highest >= n_classes:
        raise LabelError(
            f"The colored label file shows {SANDSTONE[highest].name}, which is class {highest}, "
            f"but there are only {n_classes} classes.",
            hint=f"Choose {len(SANDSTONE_RGB)} classes, or export the labels as whole numbers.",
        )
    return labels


def is_one_hot(raw: np.ndarray) -> bool:
    """Tell whether channels (..., C) are masks of 0 and one other value, one set in each pixel."""
    values = np.unique(raw)
    is_binary = values.size == 2 and values[0] == 0
    return bool(is_binary and (np.count_nonzero(raw, axis=-1) == 1).all())


def decode_one_hot(raw: np.ndarray, n_classes: int) -> np.ndarray:
    """Turn one-hot masks (..., C) into labels (...,) uint8, the channels being the classes.

    Raises:
        LabelError: There are more or fewer channels than classes.
    """
    if raw.shape[-1] != n_classes:
        raise LabelError(
            f"The label file holds one-hot masks of {raw.shape[-1]} classes, but there are "
            f"{n_classes}.",
            hint="Export the labels as whole numbers, one value for each class.",
        )
    return raw.argmax(axis=-1).astype(np.uint8)


def unlabelled(labels: np.ndarray) -> float:
    """Return the share of pixels that nobody labelled."""
    return np.count_nonzero(labels == IGNORED) / labels.size


def lossy_doubt(is_decoded: bool, shares: Sequence[float]) -> str:
    """Say what a JPEG makes of labels.

    Args:
        is_decoded: They were decoded from colors; else they are the values in the file.
        shares: Of each slice, the share of pixels whose color is far from all.
    """
    better = "Use PNG or TIFF files of the labels, if there are any."
    if not is_decoded:
        return f"The labels are read from a JPEG, which changes them at their borders. {better}"
    return (
        "The labels are read from a JPEG: each pixel has the class of the nearest color; "
        f"{np.mean(shares):.2%} of them, at borders above all, are far from all colors and not "
        f"labelled, so scores come out too good. {better}"
    )


def _of_8_bits(raw: np.ndarray) -> np.ndarray:
    highest = raw.max(initial=0)
    if highest > 255:
        return np.rint(raw / 257).astype(np.uint8)  # 16-bit colors
    return (raw * 255 if highest == 1 else raw).clip(0).astype(np.uint8)


def _refuse_one_hot(pixels: np.ndarray) -> None:
    if is_one_hot(pixels):
        raise LabelError(
            "The label file shows pure red, green and blue alone: colors of the classes, or "
            "one-hot masks in three channels.",
            hint="Say what they mean, as in --label-colors red=air,green=clay,blue=quartz; "
            "or export the labels as whole numbers.",
        )
