"""A trained network beside the classifier that the same strokes teach: on strokes of neither."""

from pathlib import Path

import keras
import numpy as np

from sandseg.grey.mapping import GreyMapping
from sandseg.model.store import AUTO
from sandseg.predict.earlier import earlier_of, painted_before
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.right_model import right_model
from sandseg.predict.sight import look
from sandseg.predict.teaching import Painted, gather, joined, learn_from
from sandseg.runs.settings import RunSettings
from sandseg.runs.sources import stroke_files
from sandseg.scan.formats import open_stack
from sandseg.score.paired import Paired, compare
from sandseg.teach.examples import digest_of_slice
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.painting.parting import LEARNED, TEST, VALIDATION, dealt_out
from sandseg.teach.taught_model import network_of
from sandseg.train.validation import predict_logits


def compare_with_taught(
    settings: RunSettings, folder: Path, mapping: GreyMapping, network: keras.Model
) -> Paired:
    """Compare a network with the classifier of the strokes it was trained and validated with.

    Both are judged by the strokes that were held back to test.

    Args:
        settings: Of a run on strokes.
        folder: The run's.
        mapping: Brings the slices to the network.
        network: As it was trained.

    Raises:
        SandsegError: A file cannot be read any more.
    """
    source, n_classes = settings.source, len(settings.all_classes)
    files = stroke_files(settings, folder)
    with open_stack(files.images, files.images.name) as stack:
        values, accepted = files.read(stack)
        parts = dealt_out(values, n_classes, accepted)
        model = right_model(stack, settings.start_from or AUTO, source.treatment).model
        earlier, base = earlier_of(model), network_of(model)
        earlier.check(settings.all_classes)
        predictor, maker = ready_predictor(stack, base, source.treatment), FeatureMaker(base)
        painted, held, by_network = {}, {}, []
        for z, part in parts.items():
            image = stack.read_slice(z)
            sight = look(predictor, maker, image)
            painted[z] = gather(sight, part[LEARNED] + part[VALIDATION])
            if part[TEST].any():
                logits = predict_logits(network, mapping.apply(image), settings.config.unet.stride)
                by_network.append(logits.argmax(axis=-1)[part[TEST] > 0])
                held[z] = gather(sight, part[TEST])
        placed = earlier.placed(stack, parts, lambda z: digest_of_slice(stack.read_slice(z)))
    # What the model was taught before counts, but not on this stack: it may know what is held back.
    painted |= painted_before({place: one for place, one in placed.items() if place < 0})
    n_corrected = len(base.classes) if source.is_correction else 0
    classifier = learn_from(painted, n_classes, n_corrected)
    tested = joined(held)
    by_strokes = classifier.probabilities(tested.features).argmax(axis=1)
    values = tested.values[np.unique(tested.strokes, return_index=True)[1]]
    found = (_found(tested, labels) for labels in (np.concatenate(by_network), by_strokes))
    return compare(*found, values)


def _found(painted: Painted, labels: np.ndarray) -> np.ndarray:
    """Return the share of each stroke, (S,), that (P,) labels of its pixels are right in."""
    _, index = np.unique(painted.strokes, return_inverse=True)
    return np.bincount(index, labels == painted.values - 1) / np.bincount(index)
