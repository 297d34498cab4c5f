"""Colored label files: pure colors, anti-aliased ones, other people's, and one-hot masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.errors import FILE, LabelError

# The coding of the public sandstone masks: blue air, green clay, red quartz, yellow pyrite.
SANDSTONE_RGB = {(0, 0, 255): 0, (0, 255, 0): 1, (255, 0, 0): 2, (255, 255, 0): 3}
NEAR = 100  # of 442: how far a color may be from the one that is meant
MOST_FAR = 0.2  # share of pixels, beyond which it is another set of colors
_HINT = "Say what the colors mean: --label-colors blue=air,#ff8000=clay; or export whole numbers."

RARE = 0.002  # share of pixels: a color that has less is a border between two others
MOST_COLORS = 12

Color = tuple[int, int, int]
Colors = Mapping[Color, int]


class UnknownColorsError(LabelError):
    """Labels in colors whose meaning is not known; `colors` are the main ones, commonest first."""

    def __init__(self, message: str, hint: str, colors: Sequence[Color]):
        super().__init__(message, hint)
        self.colors = tuple(colors)


@dataclass
class ColorTally:
    """How many pixels had a class's very color, one near it, or none.

    More than `most_far` of a slice, and it is another set of colors.
    """

    most_far: float = MOST_FAR
    n_pixels: int = 0
    n_near: int = 0
    n_far: int = 0

    @property
    def note(self) -> str:
        """What has to be said of it; "" where all colors were those of classes."""
        said = []
        if self.n_near:
            said.append(f"{_share(self.n_near, self.n_pixels)} got the class of the nearest color")
        if self.n_far:
            far = _share(self.n_far, self.n_pixels)
            said.append(f"{far} are far from every class's color and count as not labelled")
        return f"Of the pixels of the colored labels, {'; '.join(said)}." if said else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2g} %"


def decode_colors(
    raw: np.ndarray,
    n_classes: int,
    colors: Colors | None = None,
    tally: ColorTally | None = None,
) -> np.ndarray:
    """Turn colors into labels: each pixel gets the class whose color is nearest.

    Args:
        raw: (..., Y, X, 3) of 8 or 16 bits, or of the values 0 and 1.
        n_classes: Number of classes C.
        colors: What each color means; else those of the public sandstone masks.
        tally: Counts how well the colors fit.

    Returns:
        (..., Y, X) uint8; `IGNORED` where no color is near.

    Raises:
        UnknownColorsError: Too much of it has other colors.
        LabelError: It may as well be one-hot masks, or shows more classes than there are.
    """
    tally = tally or ColorTally()
    pixels = _of_8_bits(raw)
    if not colors:
        _refuse_one_hot(pixels)
    table = np.array(list((colors or SANDSTONE_RGB).keys()), np.float32)
    meant = np.array(list((colors or SANDSTONE_RGB).values()), np.uint8)
    flat, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    distances = np.linalg.norm(flat[:, None].astype(np.float32) - table, axis=-1)
    nearest = np.where(distances.min(axis=1) <= NEAR, meant[distances.argmin(axis=1)], IGNORED)
    labels = nearest[places.ravel()].reshape(raw.shape[:-1]).astype(np.uint8)
    distance = distances.min(axis=1)[places.ravel()]
    share_far = float((distance > NEAR).mean())
    tally.n_pixels += distance.size
    tally.n_near += int(np.count_nonzero((distance > 0) & (distance <= NEAR)))
    tally.n_far += int(np.count_nonzero(distance > NEAR))
    if share_far > tally.most_far:
        wanted = (
            "those that were named"
            if colors
            else ("pure blue (air), green (clay), red (quartz) and yellow (pyrite)")
        )
        found = main_colors(pixels)
        shown = ",".join(f"#{bytes(color).hex()}=…" for color in found)
        raise UnknownColorsError(
            f'{share_far:.0%} of the colored labels "{FILE}" has colors other than {wanted}.',
            f"{_HINT} Its main colors: {shown}",
            found,
        )
    highest = labels[labels != IGNORED].max(initial=0)
    if highest >= n_classes:
        raise LabelError(
            f'"{FILE}" shows {SANDSTONE[highest].name}, which is class {highest}, '
            f"but there are only {n_classes} classes.",
            hint=f"Choose {len(SANDSTONE_RGB)} classes, or export the labels as whole numbers.",
        )
    return labels


def main_colors(pixels: np.ndarray) -> list[Color]:
    """Return the colors of (..., 3) uint8 pixels, commonest first; blurred ones left out."""
    colors, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    found: list[np.ndarray] = []
    for color, count in zip(colors[order].astype(int), counts[order], strict=True):
        if count < RARE * counts.sum() or len(found) == MOST_COLORS:
            break
        if all(np.linalg.norm(color - other) > NEAR / 2 for other in found):
            found.append(color)
    return [tuple(color.tolist()) for color in found]


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
            f'"{FILE}" holds one-hot masks of {raw.shape[-1]} classes, but there are {n_classes}.',
            hint="Export the labels as whole numbers, one value for each class.",
        )
    return raw.argmax(axis=-1).astype(np.uint8)


def see_through() -> LabelError:
    """Say that colored labels are transparent in places: what that means is not known."""
    return LabelError(
        f'Parts of the label file "{FILE}" can be seen through, which may mean that nobody '
        "labelled them, or nothing.",
        hint="Export the labels without transparency, as whole numbers.",
    )


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
            f'"{FILE}" shows pure red, green and blue alone: colors of the classes, or '
            "one-hot masks in three channels.",
            hint="Say what they mean, as in --label-colors red=air,green=clay,blue=quartz; "
            "or export the labels as whole numbers.",
        )
