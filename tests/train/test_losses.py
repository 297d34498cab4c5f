import numpy as np
import pytest

from sandseg.classes import IGNORED

keras = pytest.importorskip("keras")

from sandseg.train.losses import SegmentationLoss  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

KINDS = ("cross_entropy", "focal", "cross_entropy_dice")


def loss_of(kind, labels, logits, n_classes=None):
    loss = SegmentationLoss(kind, n_classes or np.shape(logits)[-1])
    return float(loss(np.asarray(labels, np.uint8), np.asarray(logits, np.float32)))


@pytest.fixture
def batch(rng):
    """Labels (N, Y, X) of four classes and logits (N, Y, X, C)."""
    return rng.integers(0, 4, (2, 8, 9)).astype(np.uint8), rng.normal(0, 2, (2, 8, 9, 4))


@pytest.mark.parametrize(
    ("kind", "labels", "probabilities", "expected"),
    [
        # one pixel of class 2, found with 0.3: -ln 0.3
        ("cross_entropy", [2], [[0.1, 0.2, 0.3, 0.4]], 1.203973),
        # the mean of -ln 0.8 and -ln 0.6
        ("cross_entropy", [0, 1], [[0.8, 0.2], [0.4, 0.6]], 0.366985),
        # 0.7² × -ln 0.3
        ("focal", [2], [[0.1, 0.2, 0.3, 0.4]], 0.589947),
        # the mean of 0.2² × -ln 0.8 and 0.4² × -ln 0.6
        ("focal", [0, 1], [[0.8, 0.2], [0.4, 0.6]], 0.045329),
        # 0.366985 + 1 - the mean of (2 × 0.8 + 1) / (1 + 1.2 + 1) and (2 × 0.6 + 1) / (1 + 0.8 + 1)
        ("cross_entropy_dice", [0, 1], [[0.8, 0.2], [0.4, 0.6]], 0.567878),
        # half right everywhere: ln 2 + 1 - (2 × 0.5 + 1) / (1 + 1 + 1)
        ("cross_entropy_dice", [0, 1], [[0.5, 0.5], [0.5, 0.5]], 1.026480),
    ],
)
def test_the_loss_is_what_a_hand_computes(kind, labels, probabilities, expected):
    labels, logits = np.array([[labels]]), np.log([[probabilities]])

    assert loss_of(kind, labels, logits) == pytest.approx(expected, abs=1e-5)
    assert loss_of(kind, labels, logits + 7) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_nobody_labelled_do_not_matter(kind, batch, rng):
    labels, logits = batch
    is_ignored = rng.random(labels.shape) < 0.4
    labels[is_ignored] = IGNORED
    others = np.where(is_ignored[..., None], rng.normal(0, 9, logits.shape), logits)

    assert loss_of(kind, labels, others) == pytest.approx(loss_of(kind, labels, logits), rel=1e-6)
    labelled = labels[~is_ignored][None, None], logits[~is_ignored][None, None]
    assert loss_of(kind, *labelled) == pytest.approx(loss_of(kind, labels, logits), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_without_labels_is_a_number(kind, batch):
    labels, logits = batch

    assert loss_of(kind, np.full_like(labels, IGNORED), logits) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_one_logit_is_two_classes(kind, batch):
    labels, logits = batch[0] % 2, batch[1][..., :1]
    labels[0, 0] = IGNORED
    pair = np.concatenate([np.zeros_like(logits), logits], axis=-1)

    assert loss_of(kind, labels, logits, 1) == pytest.approx(loss_of(kind, labels, pair), rel=1e-6)


@pytest.mark.parametrize("scale", [0, 1, 100])
def test_dice_adds_between_nothing_and_one(batch, scale):
    labels, logits = batch[0], batch[1] * scale

    added = loss_of("cross_entropy_dice", labels, logits) - loss_of("cross_entropy", labels, logits)

    assert 0 <= added <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_perfect_answer_costs_nothing_and_a_wrong_one_more(kind, batch):
    labels = batch[0]
    right = np.eye(4)[labels] * 40
    wrong = np.eye(4)[(labels + 1) % 4] * 40

    assert loss_of(kind, labels, right) == pytest.approx(0, abs=1e-5)
    assert loss_of(kind, labels, wrong) > loss_of(kind, labels, batch[1]) > 0


def test_a_saved_loss_comes_back_the_same(batch):
    loss = SegmentationLoss("focal", 3)

    again = keras.losses.deserialize(keras.losses.serialize(loss))

    assert type(again) is SegmentationLoss
    assert again.get_config() == loss.get_config()
    labels, logits = batch[0] % 3, batch[1][..., :3]
    assert float(again(labels, logits)) == float(loss(labels, logits))
