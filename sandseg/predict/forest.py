"""The methods a network has to beat: thresholds, and a random forest on filtered pixels."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from scipy import ndimage

from sandseg.atomic import replacing
from sandseg.classes import IGNORED
from sandseg.errors import ConfigError, LabelError, ModelError, TrainingError
from sandseg.grey.display import as_bytes
from sandseg.predict.trees import TreeArrays, from_sklearn, to_sklearn

if TYPE_CHECKING:
    from sklearn.tree._tree import Tree

BAND_ROWS = 512  # of a slice, filtered at once: bounds the memory for wide slices
ROWS_AT_ONCE = 32  # of a band, handed to one core


@dataclass(frozen=True)
class ForestConfig:
    """How a random forest looks at a slice and how it is trained. Lengths are in pixels."""

    n_trees: int = 48
    min_leaf_pixels: int = 5  # fewer training pixels make no leaf of their own
    features_per_split: int = 5  # drawn anew at each split
    pixels_per_slice: int = 100_000  # drawn at random among the labelled ones
    sigma_min: float = 0.5
    sigma_max: float = 16.0
    median_radii: tuple[int, ...] = (2, 4, 7)
    smoothing: float = 0.5  # of the probabilities; 0 leaves them as they are
    n_classes: int = 4
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "median_radii", tuple(int(r) for r in self.median_radii))
        for name in ("n_trees", "min_leaf_pixels", "features_per_split", "pixels_per_slice"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name.replace('_', ' ')} is {getattr(self, name)}, but at least 1 is needed.",
                    hint="Give a positive whole number.",
                )
        if not 0 < self.sigma_min <= self.sigma_max:
            raise ConfigError(
                f"Filters from {self.sigma_min} to {self.sigma_max} px leave no scale to look at.",
                hint="Give a positive smallest scale and a largest that is not below it.",
            )

    @property
    def n_features(self) -> int:
        """Features of a pixel: four at each scale, one for each median."""
        n_scales = int(np.log2(self.sigma_max) - np.log2(self.sigma_min) + 1)
        return 4 * n_scales + len(self.median_radii)


def pixel_features(image: np.ndarray, config: ForestConfig) -> np.ndarray:
    """Filter a slice: what a forest knows of each pixel.

    Grey value, edges and texture at each scale; and medians, which smooth the noise within a
    grain but keep its border, worth 0.005 mean IoU.

    Args:
        image: (Y, X) uint8, or float in [0, 1].
        config: The scales.

    Returns:
        (Y, X, F) float32.
    """
    from skimage.feature import multiscale_basic_features  # slow to load
    from skimage.filters.rank import median
    from skimage.morphology import disk

    height, width = image.shape
    image = np.pad(image, ((0, height < 2), (0, width < 2)), mode="edge")  # slopes need two pixels
    basic = multiscale_basic_features(image, sigma_min=config.sigma_min, sigma_max=config.sigma_max)
    grey = as_bytes(image)
    medians = [median(grey, disk(radius)) / np.float32(255) for radius in config.median_radii]
    features = np.concatenate([basic, *(one[..., None] for one in medians)], axis=-1)
    return features[:height, :width]


@dataclass(frozen=True, eq=False)
class PixelClassifier:
    """A random forest that labels each pixel by what filters see around it."""

    config: ForestConfig
    trees: TreeArrays

    def predict(self, image: np.ndarray) -> np.ndarray:
        """Return (Y, X, C) float32 probabilities for a (Y, X) slice, uint8 or float in [0, 1]."""
        halo = int(np.ceil(4 * self.config.sigma_max)) + 8  # how far the widest filter sees
        bands = []
        for start in range(0, len(image), BAND_ROWS):
            top = max(start - halo, 0)
            features = pixel_features(image[top : start + BAND_ROWS + halo], self.config)
            bands.append(self._vote(features[start - top :][:BAND_ROWS]))
        votes = np.concatenate(bands)
        # Neighbours are of the same class more often than filters know: worth 0.002 mean IoU.
        sigma = self.config.smoothing
        smooth = ndimage.gaussian_filter(votes, sigma, axes=(0, 1)) if sigma else votes
        return smooth / smooth.sum(axis=-1, keepdims=True)

    def _vote(self, features: np.ndarray) -> np.ndarray:
        """Return (Y, X, C) float32: the votes of all trees for (Y, X, F) features."""
        trees = self._sklearn_trees

        def count(start: int) -> np.ndarray:
            rows = features[start : start + ROWS_AT_ONCE]
            pixels = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
            votes = sum(tree.predict(pixels) for tree in trees)
            return votes.reshape(*rows.shape[:2], -1).astype(np.float32)

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # the trees are walked outside the GIL
            return np.concatenate(list(pool.map(count, range(0, len(features), ROWS_AT_ONCE))))

    @cached_property
    def _sklearn_trees(self) -> list["Tree"]:
        return to_sklearn(self.trees, self.config.n_features)

    def save(self, path: Path) -> None:
        """Write the forest to a .npz file of plain numbers, whole or not at all."""
        config = np.array(json.dumps(asdict(self.config)))
        with replacing(path) as file:
            np.savez_compressed(file, config=config, **vars(self.trees))

    @classmethod
    def load(cls, path: Path) -> "PixelClassifier":
        """Read a forest; the file cannot run code.

        Raises:
            ModelError: The file is missing, damaged, or no forest.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                config = ForestConfig(**json.loads(str(file["config"])))
                arrays = {one.name: file[one.name] for one in fields(TreeArrays)}
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise _damaged(path) from error
        trees = TreeArrays(**arrays)
        if not trees.is_sound(config.n_features, config.n_classes):
            raise _damaged(path)
        return cls(config, trees)


def train_forest(
    images: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    config: ForestConfig | None = None,
) -> PixelClassifier:
    """Train a random forest on labelled slices.

    Args:
        images: (Y, X) uint8 slices, or float in [0, 1].
        labels: (Y, X) uint8, one for each image; no pixel is drawn where they are `IGNORED`.
        config: Scales, trees, seed.

    Raises:
        LabelError: An image and its labels differ in shape.
        TrainingError: Fewer than two classes are labelled.
    """
    from sklearn.ensemble import RandomForestClassifier  # slow to load

    config = config or ForestConfig()
    features, classes = _draw_pixels(images, labels, config)
    if np.unique(classes).size < 2:
        raise TrainingError(
            "The labels hold fewer than two classes, so there is nothing to tell apart.",
            hint="Label pixels of at least two classes.",
        )
    forest = RandomForestClassifier(
        config.n_trees,
        min_samples_leaf=config.min_leaf_pixels,
        max_features=min(config.features_per_split, config.n_features),
        random_state=config.seed,
        n_jobs=1,
    )
    forest.fit(features, classes)
    trees = [one.tree_ for one in forest.estimators_]
    return PixelClassifier(config, from_sklearn(trees, forest.classes_, config.n_classes))


def _draw_pixels(
    images: Sequence[np.ndarray], labels: Sequence[np.ndarray], config: ForestConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, F) features and (N,) labels of pixels drawn in their natural shares."""
    rng = np.random.default_rng(config.seed)
    features, classes = [], []
    for image, true in zip(images, labels, strict=True):
        if image.shape != true.shape:
            raise LabelError(
                f"A slice of {image.shape[0]} × {image.shape[1]} pixels has labels of another "
                "size.",
                hint="Give each slice its own labels.",
            )
        labelled = np.flatnonzero(true != IGNORED)
        drawn = rng.permutation(labelled)[: config.pixels_per_slice]
        features.append(pixel_features(image, config).reshape(true.size, -1)[drawn])
        classes.append(true.ravel()[drawn])
    return np.concatenate(features), np.concatenate(classes)


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"The random forest {path.name} is missing or damaged.",
        hint="Restore the file from its source, or train the forest again.",
    )
