import numpy as np
import pytest

from sandseg.config import PRESETS, UNetConfig

keras = pytest.importorskip("keras")

from sandseg.model.unet import build_unet  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

SMALL = UNetConfig((4, 6, 8), n_classes=3)


@pytest.fixture
def in_bfloat16():
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy(before)


@pytest.mark.parametrize(
    ("preset", "n_parameters"),
    # The seed is the notebook's network to the last bias.
    [("compact", 1_061_396), ("seed", 31_054_340)],
)
def test_a_preset_has_as_many_parameters_as_it_says(preset, n_parameters):
    assert build_unet(PRESETS[preset].unet).count_params() == n_parameters


@pytest.mark.parametrize("stem", ["strided", "full"])
@pytest.mark.parametrize("n_classes", [1, 4])
@pytest.mark.parametrize("repeats", [(1, 1), (2, 5)])
def test_each_pixel_gets_a_logit_for_each_class(rng, stem, n_classes, repeats):
    config = UNetConfig((4, 6, 8), n_classes, stem)
    height, width = (n * config.stride for n in repeats)

    logits = build_unet(config)(rng.random((2, height, width, 1)).astype(np.float32))

    assert logits.shape == (2, height, width, n_classes)


def test_one_network_takes_any_multiple_of_its_stride(rng):
    network = build_unet(SMALL)

    for n in (1, 3, 4):
        tiles = rng.random((1, n * SMALL.stride, SMALL.stride, 1)).astype(np.float32)
        assert network(tiles).shape == (*tiles.shape[:3], 3)


@pytest.mark.usefixtures("in_bfloat16")
@pytest.mark.parametrize("stem", ["strided", "full"])
def test_logits_are_32_bit_numbers_also_in_mixed_precision(stem):
    network = build_unet(UNetConfig((4, 6), stem=stem))

    assert network.get_layer("bottom_conv0").compute_dtype == "bfloat16"
    assert keras.ops.dtype(network(np.zeros((1, 8, 8, 1), np.float32))) == "float32"


def test_dropout_acts_in_training_alone(rng):
    network = build_unet(UNetConfig((4, 32), stem="full", dropout=0.5))
    tiles = rng.random((1, 8, 8, 1)).astype(np.float32)
    # without this, batch statistics would differ between training and use anyway
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False

    used, again, trained = (np.asarray(network(tiles, training=t)) for t in (False, False, True))

    np.testing.assert_array_equal(used, again)
    assert not np.allclose(used, trained)


def test_kept_statistics_make_training_and_use_the_same_network(rng):
    tiles = rng.random((2, 16, 16, 1)).astype(np.float32)
    learning, keeping = build_unet(SMALL), build_unet(SMALL, keeps_statistics=True)
    keeping.set_weights(learning.get_weights())

    used, trained = (np.asarray(keeping(tiles, training=t)) for t in (False, True))

    np.testing.assert_array_equal(used, trained)
    np.testing.assert_array_equal(used, np.asarray(learning(tiles, training=False)))
    assert not np.allclose(used, np.asarray(learning(tiles, training=True)))
    shapes = [[weights.shape for weights in n.trainable_weights] for n in (learning, keeping)]
    assert shapes[0] == shapes[1]  # scales and offsets go on learning


def test_the_layers_of_the_compact_network_keep_their_names():
    names = [layer.name for layer in build_unet(UNetConfig((4, 6))).layers]

    assert names == [
        "image",
        "stem",
        *block("down0"),
        "down0_pool",
        *block("bottom"),
        "up0",
        "up0_skip",
        *block("up0"),
        "logits",
    ]


def block(name):
    return [f"{name}_{kind}{index}" for index in range(2) for kind in ("conv", "norm", "relu")]
