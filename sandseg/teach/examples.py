"""What strokes on a slice showed, kept with a model so that it is taught on without the slice."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sandseg.atomic import replacing
from sandseg.errors import ModelError
from sandseg.teach.learning.classifier import Painted

MOST_PIXELS = 6000  # of a slice are kept: four times as many as are learned from


@dataclass(frozen=True, eq=False)
class Example:
    """A painted slice without its greys.

    `image` and `shape`, (Z, Y, X), are of its stack; there it is slice `z`, called `name`. `digest`
    tells it from all others. `values` (Y, X) uint8 are what is painted, from 1. Of some of these
    pixels, the `picked` (P,) of the flattened slice, there are `features` (P, F) float32; `drawn`
    (Q, F) are those of pixels all over it.
    """

    image: str
    shape: tuple[int, int, int]
    z: int
    name: str
    digest: str
    values: np.ndarray
    picked: np.ndarray
    features: np.ndarray
    drawn: np.ndarray


def digest_of_slice(image: np.ndarray) -> str:
    """Tell a (Y, X) slice from others by its grey values, whatever type they are stored in."""
    greys = np.ascontiguousarray(image, np.float32)
    return hashlib.sha256(repr(greys.shape).encode() + greys.tobytes()).hexdigest()[:32]


def picked_pixels(values: np.ndarray, strokes: np.ndarray) -> np.ndarray:
    """Choose which of P painted pixels are kept, of each stroke some: their positions in order."""
    positions = np.arange(len(values))
    return Painted(positions, values, strokes).thinned(MOST_PIXELS).features


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Write a .npz file of plain numbers; features are exact in 16 bits, as they were made."""
    arrays = {}
    for n, one in enumerate(examples):
        facts = np.array([one.image, repr(one.shape[0]), repr(one.z), one.name, one.digest])
        arrays |= {f"facts{n}": facts, f"values{n}": one.values, f"picked{n}": one.picked}
        arrays |= {f"{kind}{n}": getattr(one, kind).astype("f2") for kind in ("features", "drawn")}
    with replacing(path) as file:
        np.savez_compressed(file, n=np.array(len(examples)), **arrays)


def read_examples(path: Path) -> tuple[Example, ...]:
    """Read examples; the file cannot run code.

    Raises:
        ModelError: It is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return tuple(_read_example(file, n) for n in range(int(file["n"])))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, IndexError) as error:
        raise ModelError(
            f"What the strokes of the model showed, {path.name}, is missing or damaged.",
            hint="Restore the file from its source, or teach the model again.",
        ) from error


def _read_example(file, n: int) -> Example:  # noqa: ANN001 - an open .npz
    """Read one; ValueError where its parts do not fit."""
    image, n_slices, z, name, digest = (str(text) for text in file[f"facts{n}"])
    values, picked, features, drawn = (
        file[f"{kind}{n}"] for kind in ("values", "picked", "features", "drawn")
    )
    is_sound = (
        0 <= int(z) < int(n_slices)
        and values.ndim == 2
        and values.dtype == np.uint8
        and picked.dtype.kind == "i"
    )
    is_sound &= features.shape[:1] == picked.shape and features.shape[1:] == drawn.shape[1:]
    if not is_sound or not values.ravel()[picked].all() or not np.isfinite(features).all():
        raise ValueError("the parts do not fit each other")
    wide = features.astype(np.float32), drawn.astype(np.float32)
    shape = int(n_slices), *values.shape
    return Example(image, shape, int(z), name, digest, values, picked, *wide)
