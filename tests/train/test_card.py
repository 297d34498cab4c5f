import numpy as np
import pytest

from sandseg.classes import IGNORED

keras = pytest.importorskip("keras")

from sandseg.train.card import find_temperature  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow


@pytest.mark.parametrize("too_sure", [0.6, 1.0, 1.7])
def test_the_temperature_found_makes_a_network_as_sure_as_it_is_right(rng, too_sure):
    chance = rng.choice([0.1, 0.3, 0.6, 0.9], (200, 200)).astype(np.float32)
    labels = (rng.random(chance.shape) < chance).astype(np.uint8)
    labels[:9] = IGNORED
    image = keras.Input((None, None, 1))
    logit = too_sure * (keras.ops.log(image) - keras.ops.log(1 - image))
    network = keras.Model(image, keras.layers.Concatenate()([keras.ops.zeros_like(logit), logit]))

    found = find_temperature(network, [(chance, labels)] * 2, stride=1)

    assert found == pytest.approx(too_sure, rel=0.08)


def test_one_logit_keeps_its_temperature():
    image = keras.Input((None, None, 1))

    assert find_temperature(keras.Model(image, 2 * image), [], stride=1) == 1
