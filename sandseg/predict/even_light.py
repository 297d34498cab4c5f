"""Even out the brightness across the slices of a stack, and from slice to slice."""

from collections.abc import Callable
from dataclasses import replace

from sandseg.config import Treatment
from sandseg.errors import StackError
from sandseg.grey.appearance import slices_with_sample
from sandseg.grey.drift import find_light, mean_light
from sandseg.grey.finder import shown_slices
from sandseg.grey.landmarks import Landmarks, find_landmarks
from sandseg.grey.mapping import GreyMapping
from sandseg.model.engine import PredictBatch
from sandseg.model.store import StoredModel
from sandseg.model.usual import usual_for
from sandseg.predict.slices import Predictor, SlicePrediction, make_predictor
from sandseg.scan.stack import Stack
from sandseg.teach.taught_model import network_of

ROUNDS = 2  # the labels that tell the material apart get better with the light


def even_out(
    stack: Stack,
    predictor: Predictor,
    usual_bowl: float = 0.0,
    predict: Callable[[Predictor, Stack, int], SlicePrediction] = Predictor.predict_slice,
) -> Predictor:
    """Return a predictor that also evens out the brightness across the slices of a stack.

    The light is that on the commonest solid, as the network labels it on some slices; what is left
    is the bowl that the model is used to. Where the brightness changes along z, each slice is first
    given a line of its own.

    Args:
        stack: The whole stack.
        predictor: Segments it as it is.
        usual_bowl: Of the model's own slices, in 1/px² as the model sees them.
        predict: Segments a slice; pass one that keeps what it has segmented.

    Raises:
        StackError: There is too little of any solid to tell, or a slice cannot be segmented.
    """
    even = predictor
    if predictor.mapping.unsteady:
        even = replace(even, mapping=_steadied(stack, predictor))
    chosen = slices_with_sample(stack)
    for _ in range(ROUNDS):
        lights = []
        for z in chosen:
            found = predict(even, stack, z)
            grey = even.mapping.without_light.apply(stack.read_slice(z))
            lights.append(find_light(grey, found.labels, predictor.classes, found.sample))
        lights = [light for light in lights if light]
        if not lights and even.mapping.is_steadied:
            return even
        if not lights:
            raise StackError(
                f'"{stack.name}" shows too little of any solid to tell how its brightness drifts.',
                hint="Leave its brightness as it is.",
            )
        bowl_left = usual_bowl * predictor.zoom**2
        mapping = replace(even.mapping, light=mean_light(lights), bowl_left=bowl_left)
        even = replace(predictor, mapping=mapping)
    return even


def _steadied(stack: Stack, predictor: Predictor) -> GreyMapping:
    """Give each slice a line of its own; the landmarks are those of the slices made alike."""
    mapping = predictor.mapping.steadied
    shown = [
        (mapping.bring(image, outside)[0], predictor.finder.find(image, outside))
        for image, outside in shown_slices(stack)
    ]
    found = find_landmarks(*zip(*shown, strict=True)) if shown else None
    if found is None:
        return mapping
    low, step = mapping.low, mapping.high - mapping.low
    pore, grain = (low + grey * step for grey in (found.pore, found.grain))
    return replace(
        mapping, landmarks=Landmarks(pore, grain, found.spread * abs(step), found.is_certain)
    )


def ready_predictor(
    stack: Stack, model: StoredModel, treatment: Treatment, network: PredictBatch | None = None
) -> Predictor:
    """Load a model for a whole stack, or take it loaded, and see to all that a treatment asks.

    A taught model sees a stack as it did when it was taught: in the light that the network finds
    whose features it has.
    """
    predictor = make_predictor(stack, model, treatment, network)
    if not treatment.is_evened:
        return predictor
    found = predictor
    if model.is_taught:
        found = make_predictor(stack, network_of(model), treatment)
        found = replace(found, zoom=predictor.zoom)
    even = even_out(stack, found, usual_for(network_of(model)).bowl)
    return replace(predictor, mapping=even.mapping)
