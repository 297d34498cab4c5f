"""The methods a network has to beat: thresholds, and a random forest on filtered pixels."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from scipy import ndimage

from sandseg.classes import IGNORED
from sandseg.errors import ConfigError, LabelError, ModelError, TrainingError

if TYPE_CHECKING:
    from sklearn.tree._tree import Tree

ROWS_AT_ONCE = 32  # of a slice, while predicting: their features stay in the processor's cache
LEAF = 255  # stands where a node that splits names its feature


def multi_otsu(image: np.ndarray, n_classes: int = 4) -> np.ndarray:
    """Label a slice by grey value alone, darkest first, at the thresholds that Otsu's method finds.

    Args:
        image: (Y, X) uint8, or float in [0, 1].
        n_classes: Number of classes, 2 to 5.

    Returns:
        (Y, X) uint8 labels in [0, n_classes).

    Raises:
        LabelError: The slice has fewer grey values than classes.
    """
    from skimage.filters import threshold_multiotsu  # slow to load

    grey = _as_bytes(image)
    try:
        thresholds = threshold_multiotsu(grey, n_classes)
    except ValueError as error:
        raise LabelError(
            f"The slice has too few grey values to be cut into {n_classes} classes.",
            hint="Choose another slice, or check that this one is not blank.",
        ) from error
    table = np.digitize(np.arange(256), thresholds, right=True).astype(np.uint8)
    return table[grey]


@dataclass(frozen=True)
class ForestConfig:
    """How a random forest is trained. Lengths are in pixels."""

    n_trees: int = 100
    min_leaf_pixels: int = 5  # fewer training pixels make no leaf of their own
    features_per_split: int = 10  # drawn anew at each split
    pixels_per_slice: int = 100_000  # drawn at random among the labelled ones
    sigma_min: float = 0.5
    sigma_max: float = 16.0
    median_radii: tuple[int, ...] = (2, 4, 7)
    n_classes: int = 4
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "median_radii", tuple(int(r) for r in self.median_radii))
        for name in ("n_trees", "min_leaf_pixels", "features_per_split", "pixels_per_slice"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name.replace('_', ' ')} is {getattr(self, name)}, but 1 is needed at least.",
                    hint="Give a positive whole number.",
                )
        if not 0 < self.sigma_min <= self.sigma_max:
            raise ConfigError(
                f"Filters from {self.sigma_min} to {self.sigma_max} px leave no scale to look at.",
                hint="Give a positive smallest scale and a largest that is not below it.",
            )
