import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig, UNetConfig

pytest.importorskip("keras")

from sandseg.train.validation import StoppedError, cross_entropy, validate  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

THREE = TrainConfig(unet=UNetConfig((4, 6), n_classes=3, stem="full"), patch_size=8)
BINARY = TrainConfig(unet=UNetConfig((4, 6), n_classes=1, stem="full"), patch_size=8)


def right(tiles, training):
    """A network that knows the label from the grey value, and is as sure as e² to 1."""
    return 2 * np.eye(3, dtype=np.float32)[np.rint(np.asarray(tiles)[..., 0] * 2).astype(int)]


def test_every_labelled_pixel_is_counted_once(rng):
    labels = rng.integers(0, 3, (19, 23)).astype(np.uint8)
    labels[:2] = IGNORED

    matrix, loss = validate(right, [(np.minimum(labels, 2) / 2, labels)] * 2, THREE)

    np.testing.assert_array_equal(matrix, 2 * np.diag(np.bincount(labels[2:].ravel())))
    assert loss == pytest.approx(-np.log(np.e**2 / (np.e**2 + 2)), rel=1e-5)


def test_one_logit_is_validated_as_two_classes(rng):
    labels = rng.integers(0, 2, (8, 12)).astype(np.uint8)

    matrix, loss = validate(lambda tiles, training: tiles - 0.5, [(labels, labels)], BINARY)

    np.testing.assert_array_equal(matrix, np.diag(np.bincount(labels.ravel())))
    assert loss == pytest.approx(np.log(1 + np.exp(-0.5)), rel=1e-5)


def test_the_loss_is_that_of_the_softmax(rng):
    logits = rng.normal(0, 40, (50, 4)).astype(np.float32)
    true = rng.integers(0, 4, 50)

    shares = np.exp(logits.astype(np.float64))
    expected = -np.log(shares[np.arange(50), true] / shares.sum(axis=-1))

    np.testing.assert_allclose(cross_entropy(logits, true), expected, rtol=1e-4, atol=1e-4)


def test_a_validation_ends_when_somebody_asks():
    labels = np.zeros((8, 8), np.uint8)

    with pytest.raises(StoppedError):
        validate(right, [(labels, labels)], THREE, lambda: True)
