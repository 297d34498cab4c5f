import numpy as np
import pytest

from sandseg.config import TilingConfig
from sandseg.errors import ConfigError, StackError
from sandseg.grey.mapping import GreyMapping
from sandseg.model.engine import load_engine
from sandseg.model.store import DEFAULT_MODEL, list_models, load_model
from sandseg.predict.slices import Progress, choose_mapping, even_out, predict_slice, predict_stack
from sandseg.scan.formats import open_stack
from sandseg.scan.labels import read_labels
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, mean_iou

PLAIN = GreyMapping(0, 255)
STRIDE = 2


@pytest.fixture(scope="module")
def model(grey_model_folder):
    return load_model("grey", grey_model_folder)


@pytest.fixture(scope="module")
def engine(model):
    return load_engine(model)


@pytest.fixture
def image(grey_noise):
    return grey_noise(37, 53)


@pytest.fixture
def scan(grey_noise):
    return Stack.from_array(grey_noise(3, 40, 50))


@pytest.mark.parametrize("shape", [(1, 2), (33, 47), (64, 64), (31, 200)])
def test_each_pixel_gets_the_label_of_its_own_grey(grey_noise, engine, nearest_grey, shape):
    image = grey_noise(*shape)

    found = predict_slice(image, engine, PLAIN, STRIDE, TilingConfig(32, 8))

    assert (found.labels.dtype, found.confidence.dtype) == (np.uint8, np.float32)
    np.testing.assert_array_equal(found.labels, nearest_grey(image / 255))
    assert found.confidence.shape == shape
    assert 0.25 <= found.confidence.min() <= found.confidence.max() <= 1


def test_the_same_grey_on_another_scale_is_the_same_label(image, engine):
    wide = image.astype(np.uint16) * 100 + 3000

    found = predict_slice(wide, engine, GreyMapping(3000, 28500), STRIDE)

    expected = predict_slice(image, engine, PLAIN, STRIDE)
    np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", [np.s_[3, 4], np.s_[:, :]])
def test_pixels_that_are_no_numbers_are_refused(image, engine, value, where):
    broken = image.astype(np.float32)
    broken[where] = value

    with pytest.raises(StackError, match="not numbers|No pixel of the slice is"):
        predict_slice(broken, engine, PLAIN, STRIDE)


def test_a_stack_gives_what_its_slices_give(scan, engine):
    found = list(predict_stack(scan, engine, PLAIN, STRIDE))

    assert len(found) == 3
    for z, prediction in enumerate(found):
        alone = predict_slice(scan.read_slice(z), engine, PLAIN, STRIDE)
        np.testing.assert_array_equal(prediction.labels, alone.labels)
        np.testing.assert_array_equal(prediction.confidence, alone.confidence)


def test_a_blank_slice_of_a_stack_is_segmented_like_the_rest(image, engine):
    scan = Stack.from_array(np.stack([image, np.zeros_like(image)]))

    found = list(predict_stack(scan, engine, PLAIN, STRIDE))

    assert not found[1].labels.any()


def test_the_slice_that_is_no_number_is_named(image, engine):
    slices = np.stack([image, image]).astype(np.float32)
    slices[1, 2, 3] = np.nan

    predictions = predict_stack(Stack.from_array(slices), engine, PLAIN, STRIDE)

    next(predictions)
    with pytest.raises(StackError, match="Slice 2: 1 of 1,961 pixels are not numbers") as caught:
        next(predictions)
    assert caught.value.hint


def test_progress_counts_each_slice_once_it_was_taken(scan, engine):
    told = []

    for n_taken, _ in enumerate(predict_stack(scan, engine, PLAIN, STRIDE, told.append)):
        assert len(told) == n_taken

    assert [(progress.n_done, progress.n_slices) for progress in told] == [(1, 3), (2, 3), (3, 3)]
    assert told[-1].seconds_left == 0


def test_the_time_left_follows_from_the_speed_so_far():
    assert Progress(n_done=2, n_slices=10, seconds=3.0).seconds_left == pytest.approx(12)
    assert Progress(n_done=0, n_slices=10, seconds=0.0).seconds_left == 0


def test_a_stack_on_the_models_scale_is_not_changed(rng, model):
    scan = Stack.from_array(rng.integers(0, 256, (3, 40, 50)).astype(np.uint8))

    mapping = choose_mapping(scan, model)

    assert (mapping.kind, mapping.low, mapping.high) == ("identity", 0, 255)


@pytest.mark.parametrize(
    ("grey", "line"),
    [("identity", (0, 255)), ("10,90", (10, 90)), (" 1.5 , 200 ", (1.5, 200)), ("90,10", (90, 10))],
)
def test_the_user_may_say_what_is_black_and_white(scan, model, grey, line):
    mapping = choose_mapping(scan, model, grey)

    assert (mapping.low, mapping.high) == line


@pytest.mark.parametrize("grey", ["", "dark", "1", "1,2,3", "1;2", "a,b"])
def test_another_grey_mapping_is_refused(scan, model, grey):
    with pytest.raises(ConfigError, match="is no grey mapping") as caught:
        choose_mapping(scan, model, grey)
    assert "auto, identity" in caught.value.hint


@pytest.mark.parametrize("grey", ["5,5", "nan,1", "0,inf"])
def test_a_line_that_spans_no_range_is_refused(scan, model, grey):
    with pytest.raises(StackError, match="span no range"):
        choose_mapping(scan, model, grey)


@pytest.mark.parametrize("grey", ["auto", "identity", "0,255"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_stack_of_one_grey_value_is_refused(model, grey, dtype):
    scan = Stack.from_array(np.full((2, 40, 40), 7, dtype))

    with pytest.raises(StackError, match="Every pixel is 7"):
        choose_mapping(scan, model, grey)


def evened(scan, model, mapping=PLAIN):
    engine, stride = load_engine(model), model.unet.stride

    def predict(z, mapping):
        return predict_slice(scan.read_slice(z), engine, mapping, stride)

    even = even_out(scan, model, mapping, predict)
    return predict(0, mapping).labels, predict(0, even).labels


def test_quartz_that_is_bright_on_one_side_gets_one_label_once_it_is_evened_out(rng, model):
    truth = np.full((400, 500), 2, np.uint8)
    truth[50::60, 20:400] = 0
    light = 0.5 * np.linspace(0.7, 1.3, 500) * (truth == 2) + rng.normal(0, 0.01, truth.shape)
    scan = Stack.from_array(np.clip(255 * light, 0, 255).astype(np.uint8)[None])

    as_is, even = evened(scan, model)

    assert (as_is == truth).mean() < 0.9
    assert (even == truth).mean() > 0.999


def test_too_little_rock_cannot_be_evened_out(scan, model):
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

    unaltered = predict_slice(image, load_engine(model), PLAIN, model.unet.stride).labels
    assert as_is < 0.85
    assert even > mean_iou(confusion_matrix(truth, unaltered, 4)) - lost
