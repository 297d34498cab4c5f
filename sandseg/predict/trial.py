"""One slice segmented on trial: a picture and its fractions show nonsense at first sight."""

from dataclasses import dataclass

import numpy as np

from sandseg.export.overlay import blend
from sandseg.grey.display import as_bytes
from sandseg.measure.composition import Composition, composition_of
from sandseg.model.store import StoredModel
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.slices import AS_USUAL
from sandseg.scan.stack import Stack

_OPACITY = 0.7


@dataclass(frozen=True, eq=False)
class Trial:
    """What a model makes of a slice.

    `picture`, (Y, 2 X, 3) uint8, has the slice as the model sees it beside its labels' colors;
    `confidence` is the mean over the picture, in [0, 1].
    """

    picture: np.ndarray
    found: Composition
    confidence: float


def try_model(model: StoredModel, stack: Stack, z: int) -> Trial:
    """Segment slice z of a stack, counted from 0.

    Raises:
        SandsegError: The slice is damaged, or cannot be brought to the model.
    """
    predictor = ready_predictor(stack.whole, model, AS_USUAL)
    found = predictor.predict_slice(stack, z)
    grey = as_bytes(predictor.mapping.apply(stack.read_slice(z)))
    colored = blend(grey, found.seen_labels, model.classes, _OPACITY)
    picture = np.hstack([np.repeat(grey[..., None], 3, axis=-1), colored])
    composition = composition_of(found.seen_labels, model.classes, found.sample)
    return Trial(picture, composition, float(found.confidence.mean()))
