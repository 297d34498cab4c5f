"""What a pixel can be: the classes, their colors, and the codings label files come in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.errors import LabelError

IGNORED = 255  # label of a pixel nobody labelled; counted nowhere


@dataclass(frozen=True)
class SegmentationClass:
    """A kind of material.

    `color` is "#rrggbb"; `description` says how it looks in a slice; `is_pore` marks pore space.
    """

    value: int
    name: str
    color: str
    description: str = ""
    is_pore: bool = False

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The color as three integers in [0, 255]."""
        return tuple(bytes.fromhex(self.color.removeprefix("#")))


# Smallest CAM02-UCS distance between two colors: 48 (normal sight), 40 deuteranopia,
# 45 protanopia, 34 tritanopia.
SANDSTONE = (
    SegmentationClass(0, "air", "#1B2A5C", "pore space and the surroundings: black", is_pore=True),
    SegmentationClass(1, "clay", "#B8471B", "darker grey with a fine texture, lining the grains"),
    SegmentationClass(2, "quartz", "#8FBCD4", "the grey grains that fill most of the rock"),
    SegmentationClass(3, "pyrite", "#FFD92E", "the bright specks"),
)

# The coding of the public sandstone masks: blue air, green clay, red quartz, yellow pyrite.
SANDSTONE_RGB = {(0, 0, 255): 0, (0, 255, 0): 1, (255, 0, 0): 2, (255, 255, 0): 3}


def palette(classes: Sequence[SegmentationClass] = SANDSTONE) -> np.ndarray:
    """Return (256, 3) uint8: the color of each label; labels without a class are black."""
    colors = np.zeros((256, 3), np.uint8)
    for material in classes:
        colors[material.value] = material.rgb
    return colors


def numbered_classes(n_classes: int) -> tuple[SegmentationClass, ...]:
    """Return 2 to 8 classes without a meaning, in the colors of Okabe and Ito (2008)."""
    colors = [
        "#000000",
        "#E69F00",
        "#56B4E9",
        "#009E73",
        "#F0E442",
        "#0072B2",
        "#D55E00",
        "#CC79A7",
    ]
    return tuple(SegmentationClass(i, f"class {i}", colors[i]) for i in range(n_classes))


def decode_labels(raw: np.ndarray, n_classes: int = 4) -> np.ndarray:
    """Turn label values as they stand in a file into labels.

    Args:
        raw: (..., Y, X) integers coded 0 to C-1, or 1 to C with 0 for "not labelled"; or
            (..., Y, X, 3) uint8 in the sandstone's RGB coding.
        n_classes: Number of classes C.

    Returns:
        (..., Y, X) uint8 labels in [0, C), `IGNORED` where nobody labelled.

    Raises:
        LabelError: The values belong to none of the known codings.
    """
    if raw.ndim >= 3 and raw.shape[-1] == 3:
        return _decode_rgb(raw, n_classes)
    if raw.dtype.kind == "f" and not np.array_equal(raw, np.rint(raw)):
        raise LabelError(
            "The label file holds fractions, but a label is a whole number.",
            hint="Export the labels as 8-bit integers, one value for each class.",
        )
    values = np.unique(raw)
    known = values[values != IGNORED]
    if not known.size or (known.min() >= 0 and known.max() < n_classes):
        return raw.astype(np.uint8)
    if known.min() >= 0 and known.max() == n_classes:
        shifted = raw.astype(np.int16) - 1
        shifted[(raw == 0) | (raw == IGNORED)] = IGNORED
        return shifted.astype(np.uint8)
    shown = ", ".join(str(value) for value in values[:8]) + (" …" if values.size > 8 else "")
    raise LabelError(
        f"The label file holds the values {shown}; expected are 0 to {n_classes - 1}, "
        f"or 1 to {n_classes} with 0 for pixels nobody labelled.",
        hint="Check that this is the label file and not the image, or number the classes from 0.",
    )


def map_labels(raw: np.ndarray, mapping: Mapping[int, int]) -> np.ndarray:
    """Turn label values into labels by a table of one's own.

    Args:
        raw: Whole numbers of any type and shape.
        mapping: For each value the label it means, `IGNORED` for "not labelled".

    Returns:
        uint8 labels of the same shape.

    Raises:
        LabelError: Some values of the file are not in the table.
    """
    values, places = np.unique(raw, return_inverse=True)
    unknown = [value for value in values.tolist() if value not in mapping]
    if unknown:
        shown = ", ".join(f"{value:g}" for value in unknown[:8]) + (" …" if unknown[8:] else "")
        raise LabelError(
            f"The label file holds values nobody gave a meaning: {shown}.",
            hint='Choose a class for each value, or "not labelled".',
        )
    table = np.array([mapping[value] for value in values.tolist()], np.uint8)
    return table[places].reshape(raw.shape)


def _decode_rgb(raw: np.ndarray, n_classes: int) -> np.ndarray:
    labels = np.full(raw.shape[:-1], IGNORED, np.uint8)
    for color, value in SANDSTONE_RGB.items():
        labels[(raw == np.array(color, raw.dtype)).all(axis=-1)] = value
    share_unknown = float((labels == IGNORED).mean())
    if share_unknown > 0.01:
        raise LabelError(
            f"{share_unknown:.0%} of the colored label file has colors other than pure blue (air), "
            "green (clay), red (quartz) and yellow (pyrite).",
            hint="Export the labels without anti-aliasing, or as whole numbers 0 to 3.",
        )
    highest = labels[labels != IGNORED].max(initial=0)
    if highest >= n_classes:
        raise LabelError(
            f"The colored label file shows {SANDSTONE[highest].name}, which is class {highest}, "
            f"but there are only {n_classes} classes.",
            hint=f"Choose {len(SANDSTONE_RGB)} classes, or export the labels as whole numbers.",
        )
    return labels
