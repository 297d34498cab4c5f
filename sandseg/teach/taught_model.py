"""Models that strokes taught: a folder with network, classifier and strokes, and how it is run."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.errors import ModelError
from sandseg.export.tiff import write_labels
from sandseg.model.engine import PredictBatch, load_engine
from sandseg.model.store import StoredModel, write_card
from sandseg.teach.examples import Example, write_examples
from sandseg.teach.learning.features import FeatureMaker, TileFeatures
from sandseg.teach.learning.pixel_classifier import Classifier
from sandseg.teach.painting.stroke_files import file_classes

CLASSIFIER, STROKES, EXAMPLES = "classifier.npz", "strokes.tif", "examples.npz"
NETWORK_FILES = ("model.xml", "model.bin")
ROWS_AT_ONCE = 128  # of a tile are answered before somebody else may have a turn
_LEFT_OUT = ("files", "history", "training")  # of the network's card


@dataclass(frozen=True, eq=False)
class Lesson:
    """All that a taught model holds beside its network.

    `classes` are what the answers of the `classifier` mean, numbered from 0. `image` is the scan's
    name, `shape` its (Z, Y, X). `strokes` are (Y, X) uint8 by the index of their slice, 0 where
    nothing is painted, and `slice_names` how these slices are called. `examples` are what they
    showed, after those of earlier lessons. `facts` is what else the card says: of the treatment,
    the held-back score; `usual` what its slices look like, as `model.usual` reads it.
    """

    classifier: Classifier
    classes: tuple[SegmentationClass, ...]
    image: str
    shape: tuple[int, int, int]
    strokes: Mapping[int, np.ndarray]
    slice_names: tuple[int | str, ...]
    examples: tuple[Example, ...]
    facts: dict
    usual: dict
    title: str = ""  # for lists of models


def write_taught(folder: Path, network: StoredModel, lesson: Lesson) -> None:
    """Write a model folder.

    Args:
        folder: Where to; it must not be there.
        network: Whose features were learned from; its files are copied.
        lesson: What was learned, from what.
    """
    folder.mkdir(parents=True)
    for name in NETWORK_FILES:
        shutil.copyfile(network.folder / name, folder / name)
    lesson.classifier.save(folder / CLASSIFIER)
    write_examples(folder / EXAMPLES, lesson.examples)
    slices = sorted(lesson.strokes)
    classes = file_classes(lesson.classes)
    write_labels(folder / STROKES, (lesson.strokes[z] for z in slices), classes)
    names = [str(name) for name in lesson.slice_names]
    base = {key: value for key, value in network.card.items() if key not in _LEFT_OUT}
    card = {
        "name": folder.name,
        "title": lesson.title or f"Taught on {lesson.image}",
        "architecture": network.card["architecture"],
        "n_parameters": network.card.get("n_parameters", 0),
        "classes": [vars(material) for material in lesson.classes],
        "intensity": network.card["intensity"],
        "data": {"slices": {"train": names}},
        "taught": {
            "network": base | {"name": network.name, "sha256": network_sha256(network)},
            "image": lesson.image,
            "shape": list(lesson.shape),
            "slices": slices,
            "strokes": STROKES,
            **lesson.facts,
        },
        "scores": {},
        "usual": lesson.usual,
    }
    write_card(folder, card, (*NETWORK_FILES, CLASSIFIER, STROKES, EXAMPLES))


def network_of(model: StoredModel) -> StoredModel:
    """Return the network that a taught model takes its features from, with its own classes.

    It lies in the same folder. A model that was trained is its own network.

    Raises:
        ModelError: The card does not say what it is.
    """
    if not model.is_taught:
        return model
    try:
        card = model.card["taught"]["network"]
        files = {name: model.card["files"][name] for name in NETWORK_FILES}
        return replace(
            model,
            name=card["name"],
            title=card["title"],
            classes=tuple(SegmentationClass(**entry) for entry in card["classes"]),
            card={**card, "files": files},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(model) from error


def network_sha256(network: StoredModel) -> str:
    """Return the checksum that a network had where it was first learned from."""
    return network.card.get("sha256", network.sha256)


def load_network(model: StoredModel, kind: str = "openvino") -> PredictBatch:
    """Make any stored model ready to predict, trained or taught: see `model.engine.load_engine`.

    Raises:
        ModelError: There is no such engine, or the model's files cannot be loaded by it.
    """
    if not model.is_taught:
        return load_engine(model, kind)
    if kind != "openvino":
        raise ModelError(
            f'The model "{model.name}" was taught by strokes, and runs with OpenVINO alone.',
            hint="Leave --engine away.",
        )
    return TaughtEngine(model)


class TaughtEngine:
    """Calls a taught model; safe to share between threads.

    Calling it takes (N, T, T', 1) float32 in [0, 1] to (N, T, T', C) float32 probabilities.
    """

    def __init__(self, model: StoredModel):
        self.classifier = load_classifier(model)
        try:
            self._features = FeatureMaker(model)
        except (RuntimeError, OSError, ValueError) as error:
            raise _damaged(model) from error
        stride = model.unet.stride
        tile = self._features(np.zeros((1, stride, stride, 1), np.float32))
        _check_fits(model, self.classifier, tile)

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        return answer(self.classifier, self._features(tiles))


def answer(
    classifier: Classifier, tiles: TileFeatures, between: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Return (N, T, T', C) float32 probabilities of tiles: all ways to answer lead through here.

    `between` is called every few rows; what it raises ends the work.
    """
    blocks = []
    for y in range(0, tiles.shape[1], ROWS_AT_ONCE):
        between()
        blocks.append(classifier.probabilities(tiles.part(np.s_[y : y + ROWS_AT_ONCE], np.s_[:])))
    return np.concatenate(blocks, axis=1)


def load_classifier(model: StoredModel) -> Classifier:
    """Read what a taught model learned.

    Raises:
        ModelError: The file is damaged, or not for the model's classes.
    """
    classifier = Classifier.load(model.folder / CLASSIFIER)
    if classifier.n_classes != len(model.classes):
        raise _damaged(model)
    return classifier


def _check_fits(model: StoredModel, classifier: Classifier, tile: TileFeatures) -> None:
    """Refuse a classifier that is not for these features."""
    try:
        found = answer(classifier, tile)
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise _damaged(model) from error
    is_sound = found.shape == (*tile.shape[:3], len(model.classes))
    if not is_sound or not np.isfinite(found).all():
        raise _damaged(model)


def _damaged(model: StoredModel) -> ModelError:
    return ModelError(
        f'The taught model "{model.name}" is damaged: its parts do not fit each other.',
        hint="Restore the folder from its source, or teach it again.",
    )
