import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.errors import ConfigError
from sandseg.grey.finder import finder_for, landmarks_of
from sandseg.measure.sample import sample_mask
from sandseg.scan.stack import Stack


@pytest.fixture(scope="module")
def made():
    return make_phantom(PhantomConfig(shape=(6, 200, 200), seed=4))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_the_sample_is_found_on_any_scale(made, dtype):
    scale = {np.uint16: 200, np.int16: 100}.get(dtype, 1)
    image = (made.image.astype(np.float64) * scale - (9000 if dtype == np.int16 else 0)).astype(
        dtype
    )
    finder = finder_for(Stack.from_array(image))

    for z in (0, 5):
        true, mask = sample_mask(made.labels[z], SANDSTONE), finder.find(image[z])
        assert (mask & true).sum() / (mask | true).sum() > 0.98


def test_blank_slices_do_not_matter_and_hold_no_sample(made):
    blank = np.zeros_like(made.image[:1])
    image = np.concatenate([blank, made.image, blank, blank])
    finder = finder_for(Stack.from_array(image))

    assert not finder.find(image[0]).any()
    assert finder.find(image[3]).mean() == pytest.approx(0.56, abs=0.03)


def test_where_somebody_says_it_lies_it_lies(made):
    inner = made.image[:, 40:160, 40:160]
    stack = Stack.from_array(inner)

    assert finder_for(stack, "all").find(inner[0]).all()
    assert finder_for(stack, "box:20,30,60,80").find(inner[0]).sum() == 40 * 50


def test_a_shape_outside_of_the_slices_is_refused_before_anything_is_segmented(made):
    with pytest.raises(ConfigError, match="cannot lie at"):
        finder_for(Stack.from_array(made.image), "box:500,500,600,600")


def test_the_landmarks_are_those_of_the_sample(made):
    stack = Stack.from_array(made.image)
    finder = finder_for(stack)

    found = landmarks_of(stack, finder)

    quartz = np.median(made.image[made.labels == 2])
    assert found.grain == pytest.approx(quartz, abs=6)
    assert found.pore < 45


def test_a_stack_of_one_grey_value_has_no_landmarks():
    stack = Stack.from_array(np.full((3, 40, 40), 9, np.uint8))

    assert landmarks_of(stack, finder_for(stack)) is None
