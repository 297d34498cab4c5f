import numpy as np
import pytest
import tifffile

from sandseg.config import Treatment
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.grey.mapping import choose_mapping
from sandseg.grey.verdict import judge
from sandseg.model.store import DEFAULT_MODEL, list_models, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.segment import segment_stack
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, mean_iou

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    if DEFAULT_MODEL not in {model.name for model in list_models()}:
        pytest.skip(f"There is no {DEFAULT_MODEL} in models/.")
    return load_model()


@pytest.fixture(scope="module")
def rock():
    return make_phantom(PhantomConfig((10, 200, 200), seed=7)).image


def unsteady(image, model):
    return choose_mapping(Stack.from_array(image), model.histogram).unsteady


def test_a_steady_scan_is_called_steady(rock, model):
    assert unsteady(rock, model) is None


@pytest.mark.parametrize("first", [1, 4, 9])
@pytest.mark.parametrize(("gain", "offset"), [(1, 30), (1.2, 0), (0.8, 0)])
def test_the_slice_where_the_brightness_jumps_is_named(rock, model, first, gain, offset):
    image = rock.astype(np.float64)
    image[first:] = image[first:] * gain + offset

    found = unsteady(np.clip(image, 0, 255).astype(np.uint8), model)

    assert found.first == first
    assert f"slice {first + 1}" in found.sentence


def test_the_jump_is_found_between_the_slices_looked_at_of_a_long_scan(rock, model):
    def read_slice(z):
        return np.clip(rock[z % 10].astype(np.int16) + 30 * (z >= 77), 0, 255).astype(np.uint8)

    stack = Stack("long", (200, 200, 200), np.uint8, read_slice)

    assert choose_mapping(stack, model.histogram).unsteady.first == 77


@pytest.mark.parametrize(("name", "first"), [("gain", 2), ("plus35", 5)])
def test_brightness_that_changes_along_z_is_seen_named_and_evened_out(
    cases_dir, model, name, first
):
    stack = Stack.from_array(tifffile.imread(cases_dir / f"per_slice_contrast/{name}.tif"))
    truth = tifffile.imread(cases_dir / "rock/labels.tif")[:, 28:228, 28:228]

    mapping = choose_mapping(stack, model.histogram)
    found = [one.labels for one in segment_stack(stack, model, Treatment(is_evened=True))]

    verdict = judge(mapping, [], usual_for(model))
    assert verdict.level != "fits"
    assert f"from slice {first} on" in verdict.sentence
    assert any("--even" in warning for warning in verdict.warnings)
    assert judge(mapping.steadied, [], usual_for(model)).level == "fits"
    assert mean_iou(confusion_matrix(truth, np.stack(found), 4)) >= 0.86
