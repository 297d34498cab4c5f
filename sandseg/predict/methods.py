"""Every way to segment a slice behind one interface: thresholds, random forest, stored networks."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.classes import SANDSTONE
from sandseg.errors import ModelError
from sandseg.model.engine import PredictBatch
from sandseg.model.store import (
    CARD,
    DEFAULT_MODEL,
    StoredModel,
    file_sha256,
    list_models,
    models_folder,
)
from sandseg.predict.forest import PixelClassifier
from sandseg.predict.otsu import multi_otsu
from sandseg.predict.slices import SlicePrediction, most_probable
from sandseg.predict.tiling import predict_tiled
from sandseg.teach.taught_model import load_network

MULTI_OTSU, RANDOM_FOREST = "multi-otsu", "random-forest"
FOREST_FILE = "forest.npz"
NAMES = tuple(material.name for material in SANDSTONE)

# (Y, X) float32 in [0, 1] to labels and, where the method has any, confidence
Segmenter = Callable[[np.ndarray], SlicePrediction]


@dataclass(frozen=True, eq=False)
class Method:
    """A way to segment a slice into air, clay, quartz and pyrite.

    `name` fits into an address, `phrase` into a sentence. `sha256` is a checksum of what it
    learned, under which results can be cached; `trained_on` names the slices it learned from.
    `folder` and `model` say where a forest and a network come from.
    """

    name: str
    title: str
    phrase: str
    sha256: str = ""
    trained_on: tuple[str, ...] = ()
    folder: Path | None = None
    model: StoredModel | None = None

    def learned_from(self, slice_names: set[str]) -> bool:
        """Whether a slice that goes by these names is among those it learned from."""
        return not slice_names.isdisjoint(self.trained_on)


def list_methods(folder: Path | None = None) -> list[Method]:
    """Return the methods at hand, the simplest first; networks for other classes are left out.

    Args:
        folder: Holds the model folders; the project's own when None.
    """
    folder = folder or models_folder()
    networks = [model for model in list_models(folder) if _names(model) == NAMES]
    found = [Method(MULTI_OTSU, "Multi-Otsu", "multi-Otsu")]
    found += _forest(folder / RANDOM_FOREST)
    return found + [_network(model, titles=[one.title for one in networks]) for model in networks]


def load_segmenter(
    method: Method, load_network: Callable[[StoredModel], PredictBatch] = load_network
) -> Segmenter:
    """Make a method ready to segment.

    Args:
        method: One of `list_methods`.
        load_network: Loads a stored network; pass one that keeps what it has loaded.

    Raises:
        ModelError: Its files are missing or damaged.
    """
    if method.model:
        predict_batch, unet = load_network(method.model), method.model.unet
        return lambda image: most_probable(
            predict_tiled(image, predict_batch, unet.tiling, unet.stride)
        )
    if method.folder:
        forest = PixelClassifier.load(method.folder / FOREST_FILE)
        return lambda image: most_probable(forest.predict(image))
    return lambda image: SlicePrediction(multi_otsu(image, len(SANDSTONE)), None)


def warm_up(method: Method, segmenter: Segmenter, shape: tuple[int, int]) -> None:
    """Run a method once, so that later times are of segmenting and not of loading.

    Args:
        method: What is run.
        segmenter: The same, loaded.
        shape: Of the slices to come: a network is compiled for its size of tile.
    """
    height, width = shape if method.model else (64, 64)
    segmenter(np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)))


def timed(segmenter: Segmenter, image: np.ndarray) -> tuple[SlicePrediction, float]:
    """Segment a (Y, X) float32 slice in [0, 1] and return the seconds it took, too.

    Raises:
        LabelError: The slice has fewer grey values than thresholds need.
    """
    start = time.perf_counter()
    found = segmenter(image)
    return found, time.perf_counter() - start


def _names(model: StoredModel) -> tuple[str, ...]:
    return tuple(material.name for material in model.classes)


def _network(model: StoredModel, titles: list[str]) -> Method:
    own = model.title if titles.count(model.title) == 1 else f"{model.title} ({model.name})"
    # The default's title is the same whatever else is at hand: addresses are made of titles.
    if model.name == DEFAULT_MODEL:
        title, phrase = "U-Net", "the U-Net"
    elif model.is_taught:
        title, phrase = own, f'the taught model "{own}"'
    else:
        title = own if "U-Net" in own else f"U-Net: {own}"
        phrase = f'the U-Net "{own}"'
    slices = model.card.get("data", {}).get("slices", {}).get("train", ())
    return Method(model.name, title, phrase, model.sha256, tuple(map(str, slices)), model=model)


def _forest(folder: Path) -> list[Method]:
    """Return the forest, or nothing where it is missing or not what its card says."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        sha256, slices = card["files"][FOREST_FILE], card["data"]["training_slices"]
        if file_sha256(folder / FOREST_FILE) != sha256:
            return []
    except (OSError, ValueError, KeyError, TypeError):
        return []
    trained_on = tuple(map(str, slices))
    return [Method(RANDOM_FOREST, "Random forest", "the random forest", sha256, trained_on, folder)]


def find_method(name: str, methods: list[Method]) -> Method:
    """Return the method of this name.

    Raises:
        ModelError: There is none.
    """
    for method in methods:
        if method.name == name:
            return method
    known = ", ".join(method.name for method in methods)
    raise ModelError(f'There is no method "{name}".', hint=f"Choose one of: {known}.")
