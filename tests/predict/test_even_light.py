import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.grey.mapping import GreyMapping
from sandseg.model.engine import load_engine
from sandseg.model.store import DEFAULT_MODEL, list_models, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.even_light import even_out
from sandseg.predict.slices import Predictor
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, mean_iou

PLAIN = GreyMapping(0, 255)


@pytest.fixture(scope="module")
def model(grey_model_folder):
    return load_model("grey", grey_model_folder)


def predictor_of(model):
    return Predictor(load_engine(model), model.unet.stride, model.classes, PLAIN)


def evened(scan, model):
    as_is = predictor_of(model)
    even = even_out(scan, as_is, usual_for(model).bowl)
    return as_is.predict_slice(scan, 0).labels, even.predict_slice(scan, 0).labels


def test_quartz_that_is_bright_on_one_side_gets_one_label_once_it_is_evened_out(rng, model):
    truth = np.full((400, 500), 2, np.uint8)
    truth[50::60, 20:400] = 0
    light = 0.5 * np.linspace(0.7, 1.3, 500) * (truth == 2) + rng.normal(0, 0.01, truth.shape)
    scan = Stack.from_array(np.clip(255 * light, 0, 255).astype(np.uint8)[None])

    as_is, even = evened(scan, model)

    assert (as_is == truth).mean() < 0.9
    assert (even == truth).mean() > 0.999


def test_too_little_rock_cannot_be_evened_out(grey_noise, model):
    scan = Stack.from_array(grey_noise(3, 40, 50))

    with pytest.raises(StackError, match="too little of any solid") as caught:
        evened(scan, model)
    assert "Leave its brightness" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "lost"), [("drift", 0.02), ("bowl", 0.04)])
def test_a_real_slice_that_drifts_is_segmented_nearly_as_well_once_evened_out(
    sandstone_dir, shape, lost
):
    if DEFAULT_MODEL not in {model.name for model in list_models()}:
        pytest.skip(f"There is no {DEFAULT_MODEL} in models/.")
    model, inner = load_model(), np.s_[170:850, 170:850]
    image = open_stack(sandstone_dir / "images/Sandstone_Versa0150.tif").read_slice(0)[inner]
    truth = read_labels(sandstone_dir / "masks/Sandstone_Versa0150.tif")[0][inner]
    y, x = np.ogrid[-1:1:680j, -1:1:680j]
    light = 1 + 0.15 * (x if shape == "drift" else y**2 + x**2 - 0.5)
    scan = Stack.from_array(np.clip(image * light, 0, 255).astype(np.uint8)[None])

    as_is, even = (mean_iou(confusion_matrix(truth, found, 4)) for found in evened(scan, model))

    unaltered = predictor_of(model).predict(image).labels
    assert as_is < 0.85
    assert even > mean_iou(confusion_matrix(truth, unaltered, 4)) - lost
