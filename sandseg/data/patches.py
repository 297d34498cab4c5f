"""Training patches: how they are cut, flipped and turned."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig
from sandseg.errors import TrainingError

MIN_ROCK_SHARE = 0.3  # of a random patch; less of it is the dull surroundings of the sample
N_DRAWS = 10  # for a patch with enough rock, before any patch will do


def grid_patches(slices: np.ndarray, patch_size: int) -> np.ndarray:
    """Cut every whole patch of a regular grid.

    Args:
        slices: (Z, Y, X), any type.
        patch_size: Edge of a patch S in pixels; a rest at the right and lower edge is left out.

    Returns:
        (N, S, S) patches of the same type, slice by slice, row by row.

    Raises:
        TrainingError: The slices are smaller than one patch.
    """
    n_slices, height, width = slices.shape
    rows, columns = height // patch_size, width // patch_size
    if not rows * columns:
        raise TrainingError(
            f"A slice of {height} × {width} px is smaller than one patch of {patch_size} px.",
            hint="Choose a smaller patch, or larger slices.",
        )
    cut = slices[:, : rows * patch_size, : columns * patch_size]
    cut = cut.reshape(n_slices, rows, patch_size, columns, patch_size)
    return cut.transpose(0, 1, 3, 2, 4).reshape(-1, patch_size, patch_size)


class PatchSource(Protocol):
    """Gives the batches of an epoch; the same epoch and step always give the same batch."""

    n_steps: int

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, S, S, 1) float32 images in [0, 1] and (N, S, S) uint8 labels."""


class RandomPatches:
    """Random crops of labelled slices, most of them at least 30 % rock.

    Args:
        images: Slices (Y, X) float32 in [0, 1]; sizes may differ.
        labels: Labels (Y, X) uint8 of each slice, `IGNORED` allowed.
        config: Patch and batch size, steps in an epoch, augmentation, seed.

    Raises:
        TrainingError: Nothing is labelled, or a slice is smaller than a patch.
    """

    def __init__(
        self, images: Sequence[np.ndarray], labels: Sequence[np.ndarray], config: TrainConfig
    ):
        smallest = min((min(part.shape) for part in labels), default=0)
        if smallest < config.patch_size:
            raise TrainingError(
                f"A slice is only {smallest} px across, a patch is {config.patch_size} px.",
                hint="Choose a smaller patch, or larger slices.",
            )
        _require_labels(labels)
        self.n_steps = config.steps_per_epoch
        self._images, self._labels, self._config = images, labels, config

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, S, S, 1) float32 images in [0, 1] and (N, S, S) uint8 labels."""
        rng = np.random.default_rng([self._config.seed, epoch, step])
        pairs = [self._draw(rng) for _ in range(self._config.batch_size)]
        return _as_batch(pairs, rng, self._config.augment)

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        size = self._config.patch_size
        for _ in range(N_DRAWS):
            index = rng.integers(len(self._labels))
            height, width = self._labels[index].shape  # an image may have to be read
            y, x = rng.integers(height - size + 1), rng.integers(width - size + 1)
            window = np.s_[y : y + size, x : x + size]
            labels = self._labels[index][window]
            if np.mean((labels != 0) & (labels != IGNORED)) >= MIN_ROCK_SHARE:
                break
        return self._images[index][window], labels


class GridPatches:
    """Every patch once an epoch, in an order drawn anew for each epoch.

    Args:
        images: Patches (N, S, S) float32 in [0, 1].
        labels: Labels (N, S, S) uint8, `IGNORED` allowed.
        config: Batch size, augmentation, seed.

    Raises:
        TrainingError: Nothing is labelled.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, config: TrainConfig):
        _require_labels(labels)
        self.n_steps = -(-len(images) // config.batch_size)
        self._images, self._labels, self._config = images, labels, config

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, S, S, 1) float32 images in [0, 1] and (N, S, S) uint8 labels."""
        size, seed = self._config.batch_size, self._config.seed
        order = np.random.default_rng([seed, epoch]).permutation(len(self._images))
        chosen = order[step * size : (step + 1) * size]
        pairs = [(self._images[i], self._labels[i]) for i in chosen]
        return _as_batch(pairs, np.random.default_rng([seed, epoch, step]), self._config.augment)


def telling_window(labels: Sequence[np.ndarray], size: int) -> tuple[int, tuple[slice, slice]]:
    """Find the place that shows most classes, and shares them most evenly.

    Args:
        labels: Labels (Y, X) uint8 of each slice, `IGNORED` allowed.
        size: Edge of the window in pixels; a smaller slice is taken whole.

    Returns:
        The position of the slice, and the rows and columns of the window in it.
    """
    best, place = (-1, -1.0), (0, np.s_[:size, :size])
    for position, part in enumerate(labels):
        height, width = part.shape
        for y in _window_starts(height, size):
            for x in _window_starts(width, size):
                window = np.s_[y : y + size, x : x + size]
                counts = np.bincount(part[window].ravel(), minlength=256)[:IGNORED]
                shares = counts[counts > 0.002 * part[window].size] / part[window].size
                found = (len(shares), float(-(shares * np.log(shares)).sum()))
                if found > best:
                    best, place = found, (position, window)
    return place


def _window_starts(length: int, size: int) -> list[int]:
    last = max(length - size, 0)
    return sorted({*range(0, last, max(size // 2, 1)), last})


def _require_labels(labels: Sequence[np.ndarray]) -> None:
    if not any((part != IGNORED).any() for part in labels):
        raise TrainingError(
            "Not one pixel is labelled, so there is nothing to learn from.",
            hint="Check that the label files belong to these images.",
        )


def _as_batch(
    pairs: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator, augment: bool
) -> tuple[np.ndarray, np.ndarray]:
    if augment:
        pairs = [turn(image, labels, rng) for image, labels in pairs]
    images, labels = (np.stack(part) for part in zip(*pairs, strict=True))
    return images[..., None], labels


def turn(
    image: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Flip and turn an image and its labels alike: one of the eight symmetries of a square."""
    n_turns = rng.integers(4)
    image, labels = np.rot90(image, n_turns), np.rot90(labels, n_turns)
    if rng.integers(2):
        image, labels = image[:, ::-1], labels[:, ::-1]
    return image, labels
