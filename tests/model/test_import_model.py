import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tifffile
from keras import layers

from sandseg.classes import SegmentationClass, numbered_classes
from sandseg.config import Treatment
from sandseg.errors import ConfigError, ModelError
from sandseg.model.engine import load_engine
from sandseg.model.import_model import Known, import_model
from sandseg.model.store import load_model
from sandseg.predict.segment import segment_stack
from sandseg.predict.tiling import predict_tiled
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, mean_iou

pytestmark = pytest.mark.slow  # loads TensorFlow


def small_unet(size=64, n_outputs=4, activation="softmax"):
    """A net like the ancestor's: fixed input size, transposed convolutions, its own softmax."""
    images = keras.Input((size, size, 1))
    fine = layers.Conv2D(4, 3, padding="same", activation="relu")(images)
    coarse = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPooling2D()(fine))
    up = layers.Conv2DTranspose(4, 2, strides=2)(coarse)
    joined = layers.BatchNormalization()(layers.Concatenate()([up, fine]))
    return keras.Model(images, layers.Conv2D(n_outputs, 1, activation=activation)(joined))


@pytest.fixture
def like(grey_model_folder):
    """A model whose classes and usual grey values the imported ones take over."""
    return load_model("grey", grey_model_folder)


@pytest.fixture
def image(rng):
    return rng.random((50, 70), np.float32)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_net_with_its_own_softmax_gives_the_same_probabilities_through_both_engines(
    tmp_path, like, suffix
):
    network = small_unet()
    network.save(tmp_path / f"theirs{suffix}")
    image = np.random.default_rng(0).random((64, 64), np.float32)

    found = import_model(tmp_path / f"theirs{suffix}", tmp_path / "models" / "theirs", like)
    model = load_model("theirs", tmp_path / "models")

    assert (found.stride, len(found.classes), found.ends_with) == (2, 4, "probabilities")
    expected = network.predict_on_batch(image[None, ..., None])[0]
    for kind in ("keras", "openvino"):
        answer = load_engine(model, kind)(image[None, ..., None])[0]
        np.testing.assert_allclose(answer, expected, atol=0.01)


def test_a_net_of_fixed_size_segments_slices_of_any_size(tmp_path, like, image):
    small_unet().save(tmp_path / "theirs.keras")

    import_model(tmp_path / "theirs.keras", tmp_path / "theirs", like, Known("Theirs"))
    model = load_model("theirs", tmp_path)

    assert model.title == "Theirs"
    assert predict_tiled(image, load_engine(model), stride=model.unet.stride).shape == (50, 70, 4)


def test_logits_are_told_from_probabilities(tmp_path, like):
    network = small_unet(activation=None)
    network.save(tmp_path / "theirs.keras")
    image = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)

    found = import_model(tmp_path / "theirs.keras", tmp_path / "theirs", like)
    answer = load_engine(load_model("theirs", tmp_path))(image)

    assert found.ends_with == "logits"
    assert np.mean(answer.argmax(-1) == network.predict_on_batch(image).argmax(-1)) > 0.999


def test_one_sigmoid_is_the_binary_case(tmp_path, like):
    network = small_unet(n_outputs=1, activation="sigmoid")
    network.save(tmp_path / "theirs.keras")
    image = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)

    import_model(tmp_path / "theirs.keras", tmp_path / "theirs", like)
    model = load_model("theirs", tmp_path)

    assert [material.name for material in model.classes] == ["class 0", "class 1"]
    np.testing.assert_allclose(
        load_engine(model)(image)[..., 1:], network.predict_on_batch(image), atol=0.01
    )


@pytest.mark.parametrize("ending", ["layer", "activation"])
def test_a_net_whose_last_layer_is_a_softmax_of_any_kind_gives_probabilities(
    tmp_path, like, ending
):
    network = small_unet(activation=None)
    softmax = layers.Softmax() if ending == "layer" else layers.Activation("softmax")
    keras.Model(network.input, softmax(network.output)).save(tmp_path / "theirs.keras")

    found = import_model(tmp_path / "theirs.keras", tmp_path / "theirs", like)

    assert found.ends_with == "probabilities"


def test_logits_that_happen_to_lie_between_0_and_1_stay_logits(tmp_path, like):
    network = small_unet(n_outputs=1, activation=None)
    network.layers[-1].set_weights([np.zeros((1, 1, 8, 1)), np.array([0.4])])
    network.save(tmp_path / "theirs.keras")

    found = import_model(tmp_path / "theirs.keras", tmp_path / "theirs", like)

    assert found.ends_with == "logits"


def test_classes_and_pores_are_those_that_are_named(tmp_path, like):
    small_unet(n_outputs=3).save(tmp_path / "theirs.keras")
    named = [SegmentationClass(i, name, "#102030") for i, name in enumerate("abc")]

    found = import_model(
        tmp_path / "theirs.keras",
        tmp_path / "theirs",
        like,
        Known(classes=tuple(named), pores=("b", "2")),
    )

    stored = load_model("theirs", tmp_path).classes
    assert stored == found.classes
    assert [(material.name, material.is_pore) for material in stored] == [
        ("a", False),
        ("b", True),
        ("c", True),
    ]


@pytest.mark.parametrize(
    ("n_named", "pores", "message"),
    [(2, (), "tells 3 classes apart, but 2 are named"), (3, ("air",), '"air" is no class')],
)
def test_classes_the_net_does_not_have_are_refused(tmp_path, like, n_named, pores, message):
    small_unet(n_outputs=3).save(tmp_path / "theirs.keras")

    with pytest.raises(ConfigError, match=message):
        import_model(
            tmp_path / "theirs.keras",
            tmp_path / "theirs",
            like,
            Known(classes=numbered_classes(3)[:n_named], pores=pores),
        )
    assert not (tmp_path / "theirs").exists()


def test_a_net_that_was_given_bytes_gets_bytes(tmp_path, like):
    network = small_unet()
    network.save(tmp_path / "theirs.keras")
    image = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)

    import_model(tmp_path / "theirs.keras", tmp_path / "theirs", like, Known(scaling="0-255"))
    answer = load_engine(load_model("theirs", tmp_path), "keras")(image)

    np.testing.assert_allclose(answer, network.predict_on_batch(image * 255), atol=1e-4)


def test_a_file_with_code_in_it_is_refused(tmp_path, like):
    images = keras.Input((32, 32, 1))
    keras.Model(images, layers.Lambda(lambda x: x * 2)(images)).save(tmp_path / "evil.keras")

    with pytest.raises(ModelError, match="Lambda layer"):
        import_model(tmp_path / "evil.keras", tmp_path / "evil", like)

    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["missing.keras", "text.keras", "text.h5", "weights.txt"])
def test_what_is_no_model_file_is_refused(tmp_path, like, name):
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "text.h5").write_text("no model")

    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        import_model(tmp_path / name, tmp_path / "made", like)


@pytest.mark.parametrize(
    "output",
    [
        layers.GlobalAveragePooling2D(),
        layers.Conv2D(9, 1),
        layers.Conv2D(4, 3, strides=2, padding="same"),
    ],
    ids=["one answer a slice", "nine classes", "half the size"],
)
def test_a_network_for_something_else_is_refused(tmp_path, like, output):
    images = keras.Input((32, 32, 1))
    keras.Model(images, output(images)).save(tmp_path / "other.keras")

    with pytest.raises(ModelError, match=r"other\.keras"):
        import_model(tmp_path / "other.keras", tmp_path / "other", like)


def test_a_model_is_never_written_over_another(tmp_path, like):
    (tmp_path / "taken").mkdir()

    with pytest.raises(ModelError, match="already a model"):
        import_model(tmp_path / "x.keras", tmp_path / "taken", like)


@pytest.mark.parametrize(
    ("name", "scaling", "least"), [("normalized", "row-norm", 0.872), ("div255", "0-1", 0.9)]
)
def test_a_network_of_a_tutorial_answers_as_it_did_there(
    cases_dir, tmp_path, like, name, scaling, least
):
    case, folder = cases_dir / "tutorial_model", tmp_path / "models" / "theirs"
    import_model(case / f"{name}.keras", folder, like, Known(scaling=scaling))
    image, true = tifffile.imread(case / "image.tif"), tifffile.imread(case / "labels.tif")

    model = load_model("theirs", folder.parent)
    (found,) = segment_stack(Stack.from_array(image), model, Treatment("identity"))

    assert mean_iou(confusion_matrix(true, found.labels, 4)) > least
