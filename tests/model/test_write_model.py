import numpy as np
import openvino
import pytest

from sandseg.classes import SANDSTONE
from sandseg.config import UNetConfig
from sandseg.errors import TrainingError
from sandseg.model import write_model
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model

keras = pytest.importorskip("keras")

from sandseg.model.unet import build_unet  # noqa: E402
from sandseg.model.write_model import publish_model, training_histogram, with_probabilities  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

CARD = {"title": "Made up", "intensity": {"histogram": [1 / 256] * 256}}


def network_and_card(n_classes):
    config = UNetConfig((4, 6), n_classes, stem="full")
    return build_unet(config), CARD | {"architecture": vars(config)}


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """A published network with one logit, untrained."""
    folder = tmp_path_factory.mktemp("models")
    network, card = network_and_card(1)
    publish_model(network, folder / "binary", card, SANDSTONE[:2], temperature=1.5)
    return network, folder


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_probabilities_are_the_softmax_of_cooled_logits(rng, temperature):
    network, _ = network_and_card(3)
    tiles = rng.random((2, 8, 8, 1)).astype(np.float32)

    probabilities = np.asarray(with_probabilities(network, temperature)(tiles))

    expected = softmax(np.asarray(network(tiles)) / temperature)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_a_published_model_is_whole_and_alone_in_its_folder(binary):
    _, folder = binary

    model = load_model("binary", folder)

    assert sorted(model.card["files"]) == ["model.bin", "model.keras", "model.xml"]
    assert (model.classes, model.card["temperature"]) == (SANDSTONE[:2], 1.5)
    assert [path.name for path in folder.iterdir()] == ["binary"]


def test_one_logit_becomes_two_probabilities_in_both_engines(binary, rng):
    network, folder = binary
    tiles = rng.random((1, 8, 12, 1)).astype(np.float32)
    logits = np.asarray(network(tiles)) / 1.5
    expected = softmax(np.concatenate([np.zeros_like(logits), logits], axis=-1))

    model = load_model("binary", folder)

    np.testing.assert_allclose(load_engine(model, "keras")(tiles), expected, atol=1e-5)
    np.testing.assert_allclose(load_engine(model, "openvino")(tiles), expected, atol=0.02)


def test_a_network_that_learned_on_another_backend_is_exported_the_same(
    binary, tmp_path, rng, monkeypatch
):
    network, folder = binary
    tiles = rng.random((1, 8, 12, 1)).astype(np.float32)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)

    write_model._export_elsewhere(with_probabilities(network, 1.5), tmp_path / "model.xml")

    found = openvino.Core().compile_model(tmp_path / "model.xml", "CPU")(tiles)[0]
    expected = load_engine(load_model("binary", folder), "keras")(tiles)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert not (tmp_path / "intel").exists()  # what OpenVINO tells its makers is counted there


def test_where_nothing_can_export_a_network_its_user_is_told_that_the_weights_are_kept(
    binary, tmp_path, monkeypatch
):
    monkeypatch.setattr(write_model, "EXPORTER", "no such backend")

    with pytest.raises(TrainingError, match="cannot be exported") as caught:
        write_model._export_elsewhere(with_probabilities(binary[0]), tmp_path / "model.xml")
    assert "Its weights are kept" in caught.value.hint


def test_a_model_that_cannot_be_finished_leaves_the_old_one(binary, monkeypatch):
    network, folder = binary
    before = load_model("binary", folder).sha256

    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(write_model, "_export_openvino", fail)
    with pytest.raises(OSError, match="No space left"):
        publish_model(network, folder / "binary", CARD, SANDSTONE[:2])

    assert load_model("binary", folder).sha256 == before
    assert [path.name for path in folder.iterdir()] == ["binary"]


def test_the_histogram_holds_the_share_of_each_grey_level():
    images = [np.zeros((2, 3), np.float32), np.array([[0.5, 1.0]], np.float32)]

    histogram = training_histogram(images)

    assert len(histogram) == 256
    assert (histogram[0], histogram[128], histogram[255]) == (0.75, 0.125, 0.125)
