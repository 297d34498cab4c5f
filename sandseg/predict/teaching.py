"""Strokes on the slices of a stack to a classifier, and to a model that can be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.config import Treatment
from sandseg.errors import TeachError
from sandseg.grey.appearance import Look
from sandseg.grey.drift import mean_light
from sandseg.grey.survey import spread_slices
from sandseg.model.store import StoredModel
from sandseg.model.usual import usual_for
from sandseg.predict.glimpse import CELL, Glimpses
from sandseg.predict.sight import Sight
from sandseg.scan.stack import Stack
from sandseg.teach.examples import Example
from sandseg.teach.learning.classifier import Start, learn
from sandseg.teach.learning.held_back import HeldBackScore, held_back_score
from sandseg.teach.learning.pixel_classifier import Classifier
from sandseg.teach.painting.parting import Pixels, across_slices, painted_pixels
from sandseg.teach.taught_model import Lesson, write_taught

N_DRAWN = 2000  # pixels of a slice that show what a network answers by itself
N_USUAL_SLICES = 3  # of those painted tell what is usual


@dataclass(frozen=True, eq=False)
class Painted:
    """The painted pixels of a slice, by row and column.

    `features` (P, F) float32, `values` (P,) uint8 from 1, `strokes` (P,) int32 from 1. `drawn`,
    (Q, F) float32, are the features of pixels on a grid over the slice, painted or not; the slice
    has `n_pixels`. `pixels` say where they lie; of several slices together they say nothing.
    """

    features: np.ndarray
    values: np.ndarray
    strokes: np.ndarray
    drawn: np.ndarray
    n_pixels: int
    pixels: Pixels | None = None

    def counts(self, n_classes: int) -> np.ndarray:
        """Return (2, C): strokes and pixels of each class."""
        _, first = np.unique(self.strokes, return_index=True)
        of = (self.values[first], self.values)
        return np.stack([np.bincount(v, minlength=n_classes + 1)[1 : n_classes + 1] for v in of])


def gather(sight: Sight, values: np.ndarray) -> Painted:
    """Take the features of what is painted on a slice.

    Args:
        sight: The slice.
        values: (Y, X) uint8, 0 where nothing is painted.
    """
    drawn = sight.at(*_grid(values.shape))
    return _painted(sight, values, drawn)


def gather_early(glimpses: Glimpses, values: np.ndarray) -> Painted:
    """Take the features of what is painted on a slice, in cells that were looked at.

    Args:
        glimpses: Of all cells that are painted in.
        values: (Y, X) uint8, 0 where nothing is painted.
    """
    grid = np.stack(_grid(values.shape))
    cells = glimpses.cells
    is_seen = [cell in cells for cell in zip(*(grid // CELL).tolist(), strict=True)]
    drawn = glimpses.at(*grid[:, is_seen])
    return _painted(glimpses, values, drawn)


def _painted(source: Sight | Glimpses, values: np.ndarray, drawn: np.ndarray) -> Painted:
    found = painted_pixels(values)
    features = source.at(found.rows, found.columns)
    return Painted(features, found.values, found.strokes, drawn, values.size, found)


def _grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of about `N_DRAWN` pixels spread evenly over a slice."""
    step = max(int(np.sqrt(shape[0] * shape[1] / N_DRAWN)), 1)
    rows, columns = (np.arange(step // 2, length, step) for length in shape)
    return np.repeat(rows, len(columns)), np.tile(columns, len(rows))


def joined(painted: Mapping[int, Painted]) -> Painted:
    """Join what is painted on several slices, by their indices: no other order ever counts.

    What was painted across slices is one stroke.
    """
    parts = [painted[z] for z in sorted(painted)]
    numbers = across_slices({z: one.pixels for z, one in painted.items()})
    strokes = [numbers[z] for z in sorted(painted)]
    return Painted(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate(strokes),
        np.concatenate([part.drawn for part in parts]),
        sum(part.n_pixels for part in parts),
    )


def learn_from(painted: Mapping[int, Painted], n_classes: int, n_corrected: int = 0) -> Classifier:
    """Learn from all painted slices.

    Args:
        painted: By the index of the slice.
        n_classes: Number of classes C.
        n_corrected: Of the network's own classes, which come first, where its answer is the start
            that strokes correct; 0 begins with nothing.

    Raises:
        TeachError: Fewer than two classes are painted, or none is where a network is corrected.
    """
    found = joined(painted) if painted else None
    if found is not None and n_corrected:
        matching = np.eye(n_corrected, n_classes, dtype=np.float32)
        start = Start(found.drawn, matching, found.n_pixels)
        return learn(found.features, found.values, found.strokes, n_classes, start)
    if found is None or len(np.unique(found.values)) < 2:
        raise TeachError(
            "Fewer than two classes are painted, so there is nothing to tell apart.",
            hint="Paint some strokes in another class, too.",
        )
    return learn(found.features, found.values, found.strokes, n_classes)


def score_of(painted: Mapping[int, Painted], classifier: Classifier) -> HeldBackScore:
    """Tell by strokes that are held back how good a classifier is that all of them taught.

    It is over the classes that are painted: where a network is corrected, some may not be.
    """
    found = joined(painted)
    values = np.unique(found.values)
    answers = classifier.probabilities(found.drawn)[:, values - 1]
    numbers = (1 + np.searchsorted(values, found.values)).astype(np.uint8)
    return held_back_score(found.features, numbers, found.strokes, len(values), answers)


def score_facts(score: HeldBackScore) -> dict:
    """Return a score as plain numbers, None where there is none, and what they mean in words."""
    numbers = {name: getattr(score, name) for name in ("accuracy", "mean_iou", "low", "high")}
    rounded = {n: None if value is None else round(value, 4) for n, value in numbers.items()}
    return rounded | {"n_strokes": score.n_strokes, "meaning": score.meaning}


@dataclass(frozen=True, eq=False)
class Learned:
    """All that is known of a lesson once it is learned: what a model is written from.

    `classes` are numbered from 0. `values` (Y, X) uint8 and `painted` are by the index of their
    slice, in `stack`; of earlier lessons the latter has other slices, as `Earlier.placed` has
    them. `score` is what the held-back strokes say, where they were asked; `examples` are what all
    strokes showed.
    """

    stack: Stack
    network: StoredModel
    treatment: Treatment
    classes: tuple[SegmentationClass, ...]
    values: Mapping[int, np.ndarray]
    painted: Mapping[int, Painted]
    classifier: Classifier
    is_correction: bool = False
    score: HeldBackScore | None = None
    examples: tuple[Example, ...] = ()

    @property
    def slice_names(self) -> tuple[int | str, ...]:
        """How the painted slices are called."""
        return tuple(self.stack.slice_name(z) for z in sorted(self.values))

    @property
    def facts(self) -> dict:
        """What report and card say of the lesson."""
        strokes, pixels = joined(self.painted).counts(len(self.classes)).tolist()
        names = [material.name for material in self.classes]
        return {
            "n_strokes": dict(zip(names, strokes, strict=True)),
            "n_pixels": dict(zip(names, pixels, strict=True)),
            "treatment": asdict(self.treatment),
            "is_correction": self.is_correction,
            "scans": self._scans,
            "held_back": score_facts(self.score) if self.score else None,
        }

    @property
    def _scans(self) -> list[dict]:
        """Of each scan that was painted on, in this lesson or before, the name and the slices."""
        found = {}
        for one in self.examples:
            found.setdefault((one.image, one.shape), []).append(one.name)
        return [{"image": image, "slices": names} for (image, _), names in found.items()]

    def write(self, folder: Path, sights: Mapping[int, Sight], title: str = "") -> None:
        """Write the model folder, which must not be there.

        Args:
            folder: Its name is the model's.
            sights: Of the slices that `slices_for_usual` names, or of others that are painted.
            title: For lists of models.
        """
        stack = self.stack
        how = self.network, self.treatment, sights, (self.classifier, self.classes)
        lesson = Lesson(
            self.classifier,
            self.classes,
            stack.name,
            stack.shape,
            self.values,
            self.slice_names,
            self.examples,
            self.facts,
            usual_facts(stack, *how),
            title,
        )
        write_taught(folder, self.network, lesson)


def usual_facts(
    stack: Stack,
    network: StoredModel,
    treatment: Treatment,
    sights: Mapping[int, Sight],
    taught: tuple[Classifier, tuple[SegmentationClass, ...]],
) -> dict:
    """Measure what painted slices look like, for the card: `model.usual` reads it.

    Args:
        stack: The slices.
        network: Whose features were learned from.
        treatment: How the slices were brought to it.
        sights: Of some painted slices, by index.
        taught: What was learned, and the classes.
    """
    looks = []
    for z in sorted(sights):
        found = sights[z].predict(*taught)
        predictor = replace(sights[z].predictor, classes=taught[1])
        looks.append(predictor.look_at(stack.read_slice(z), found))
    size_um = stack.voxel_size_um
    if treatment.is_rescaled:  # as large as the network saw them
        size_um = usual_for(network).voxel_size_um
    return _mean_look(looks) | ({"voxel_size_um": size_um} if size_um else {})


def slices_for_usual(painted: Sequence[int]) -> tuple[int, ...]:
    """Return which of the painted slices tell what is usual."""
    painted = sorted(painted)
    return tuple(painted[i] for i in spread_slices(len(painted), N_USUAL_SLICES))


def _mean_look(looks: Sequence[Look]) -> dict:
    texture, histogram = (
        np.mean([getattr(look, name) for look in looks], axis=0)
        for name in ("texture", "histogram")
    )
    found = {
        "texture": [round(float(band), 3) for band in texture],
        "histogram": [round(float(share), 7) for share in histogram],
        "doubt": max(round(float(np.mean([look.doubt for look in looks])), 5), 0.01),
    }
    pores = [look.pores for look in looks if look.pores is not None]
    if pores:
        found["pores"] = round(float(np.mean(pores)), 4)
    lights = [look.light for look in looks if look.light]
    if lights:
        found["drift"] = round(float(np.mean([light.drift for light in lights])), 4)
        found["bowl"] = mean_light(lights).bowl
    return found
