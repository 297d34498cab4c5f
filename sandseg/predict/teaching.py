"""Strokes on the slices of a stack to a classifier, and what its card says of those slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from sandseg.classes import SegmentationClass
from sandseg.config import Treatment
from sandseg.errors import TeachError
from sandseg.grey.appearance import Look
from sandseg.grey.drift import mean_light
from sandseg.grey.survey import spread_slices
from sandseg.model.store import StoredModel
from sandseg.model.usual import usual_for
from sandseg.predict.sight import Sight
from sandseg.scan.stack import Stack
from sandseg.teach.classifier import Classifier, learn

N_USUAL_SLICES = 3  # of those painted tell what is usual
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class Painted:
    """The painted pixels of a slice, by row and column.

    `features` (P, F) float32, `values` (P,) uint8 from 1, `strokes` (P,) int32 from 1.
    """

    features: np.ndarray
    values: np.ndarray
    strokes: np.ndarray

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
    rows, columns = np.nonzero(values)
    numbers = stroke_numbers(values)[rows, columns]
    return Painted(sight.at(rows, columns), values[rows, columns], numbers)


def stroke_numbers(values: np.ndarray) -> np.ndarray:
    """Number what hangs together in one class, (Y, X) int32 from 1; 0 where nothing is painted."""
    numbers, n = np.zeros(values.shape, np.int32), 0
    for value in np.unique(values[values > 0]):
        found, n_found = ndimage.label(values == value, _EIGHT)
        numbers += np.where(found, found + n, 0).astype(np.int32)
        n += n_found
    return numbers


def joined(painted: Mapping[int, Painted]) -> Painted:
    """Join what is painted on several slices, by their indices: no other order ever counts."""
    parts = [painted[z] for z in sorted(painted)]
    last = np.cumsum([0, *(int(part.strokes.max(initial=0)) for part in parts)])
    strokes = [part.strokes + n for part, n in zip(parts, last[:-1], strict=True)]
    return Painted(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate(strokes),
    )


def learn_from(painted: Mapping[int, Painted], n_classes: int) -> Classifier:
    """Learn from all painted slices.

    Raises:
        TeachError: Fewer than two classes are painted.
    """
    found = joined(painted) if painted else None
    if found is None or len(np.unique(found.values)) < 2:
        raise TeachError(
            "Fewer than two classes are painted, so there is nothing to tell apart.",
            hint="Paint some strokes in another class, too.",
        )
    return learn(found.features, found.values, found.strokes, n_classes)


def check_painted(values: Mapping[int, np.ndarray], classes: Sequence[SegmentationClass]) -> None:
    """Check that strokes, (Y, X) uint8 by slice, teach every class.

    Raises:
        TeachError: Nothing is painted, one class alone, or nothing in one of them.
    """
    found = {int(value) for one in values.values() for value in np.unique(one[one > 0])}
    if not found:
        raise TeachError(
            "Nothing is painted: all values are 0.",
            hint="Paint some strokes in each class: 1, 2 … for the classes in order.",
        )
    names = {material.value + 1: material.name for material in classes}
    if len(found) == 1:
        raise TeachError(
            f'Only one class is painted, "{names[found.pop()]}": there is nothing to tell it from.',
            hint="Paint some strokes in another class, too.",
        )
    absent = [name for value, name in names.items() if value not in found]
    if absent:
        raise TeachError(
            f'Nothing is painted in "{absent[0]}", so it can never be found.',
            hint="Paint some strokes in it, or leave the class away.",
        )


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
        sight = sights[z]
        found = sight.predict(*taught)
        predictor = replace(sight.predictor, classes=taught[1])
        looks.append(predictor.look_at(stack.read_slice(z), found))
    found = _mean_look(looks)
    size_um = stack.voxel_size_um
    if treatment.is_rescaled:  # as large as the network saw them
        size_um = usual_for(network).voxel_size_um
    return found | ({"voxel_size_um": size_um} if size_um else {})


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
