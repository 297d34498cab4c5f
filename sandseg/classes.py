"""What a pixel can be: the classes, their colors, and the codings label files come in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sandseg.errors import ConfigError

OWN_LABELS = "SandSeg labels"  # how the info of a label file begins that this program wrote
OWN_STROKES = "SandSeg strokes"  # likewise of a stroke file, whose 0 is no class
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


UNPAINTED = SegmentationClass(0, "not painted", "#000000")  # the first in a stroke file


def palette(classes: Sequence[SegmentationClass] = SANDSTONE) -> np.ndarray:
    """Return (256, 3) uint8: the color of each label; labels without a class are black."""
    colors = np.zeros((256, 3), np.uint8)
    for material in classes:
        colors[material.value] = material.rgb
    return colors


def with_pores(
    classes: Sequence[SegmentationClass], pores: Sequence[str]
) -> tuple[SegmentationClass, ...]:
    """Return the classes of which these, by name or number, are pore space, and no others.

    Without any named, they stay as they are.

    Raises:
        ConfigError: One is none of the classes.
    """
    known = {material.name.casefold(): material.value for material in classes}
    known |= {str(material.value): material.value for material in classes}
    unknown = [pore for pore in pores if pore.casefold() not in known]
    if unknown:
        names = ", ".join(f"{material.value} ({material.name})" for material in classes)
        raise ConfigError(
            f'"{unknown[0]}" is no class of the model.', hint=f"Its classes are {names}."
        )
    if not pores:
        return tuple(classes)
    marked = {known[pore.casefold()] for pore in pores}
    return tuple(replace(material, is_pore=material.value in marked) for material in classes)


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
