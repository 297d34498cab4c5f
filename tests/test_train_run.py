import json
from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import ConfigError, StackError
from sandseg.export import write_image, write_labels
from sandseg.model_store import load_model

keras = pytest.importorskip("keras")

from sandseg.train_run import RunRequest, find_temperature, run_training  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

CONFIG = TrainConfig(
    unet=UNetConfig((4, 6)),
    epochs=2,
    steps_per_epoch=2,
    batch_size=2,
    patch_size=32,
    warmup_steps=1,
    learning_rate=0.01,
)


@pytest.fixture(scope="module")
def scan(tmp_path_factory, small_phantom):
    folder = tmp_path_factory.mktemp("scan")
    write_image(folder / "image.tif", small_phantom.image[:4])
    write_labels(folder / "labels.tif", small_phantom.labels[:4])
    return folder


def request_for(scan, folder, config=CONFIG):
    return RunRequest(scan / "image.tif", scan / "labels.tif", folder, config, command="make it")


@pytest.fixture(scope="module")
def stopped_and_resumed(scan, tmp_path_factory):
    """A run that its cancel file stopped in the second epoch, and that then went on."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    request = request_for(scan, folder)
    stopped = run_training(request, on_epoch=lambda _: (folder / "cancel").touch())
    was_there = sorted(path.name for path in folder.iterdir())
    model = run_training(request)
    return folder, stopped, was_there, model


def test_the_cancel_file_stops_a_run_and_the_next_start_goes_on(stopped_and_resumed):
    folder, stopped, was_there, model = stopped_and_resumed

    assert stopped is None
    assert was_there == ["cancel", "checkpoint", "config.json", "metrics.jsonl"]
    assert model == folder / "model"
    assert not (folder / "cancel").exists()
    epochs = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert set(epochs[0]) == {"epoch", "n_epochs", "loss", "iou", "mean_iou", "seconds"}


def test_the_model_of_a_run_is_whole_and_its_card_says_how_it_was_made(stopped_and_resumed):
    model = load_model("model", stopped_and_resumed[0])

    card = model.card
    assert (model.unet, model.classes) == (CONFIG.unet, SANDSTONE)
    assert card["n_parameters"] > 0
    assert card["command"] == "make it"
    assert len(card["history"]) == 2
    assert model.histogram.sum() == pytest.approx(1, abs=1e-4)
    used = card["data"]["slices"]
    assert len(set(sum(used.values(), []))) == sum(map(len, used.values())) == 4
    for part in ("validation", "test"):
        assert card["scores"][part]["slices"] == used[part]
        whole = card["scores"][part]["whole slice"]
        assert np.sum(whole["confusion_matrix"]) == 96 * 96
        assert set(whole["iou_interval"]) == {"air", "clay", "quartz", "pyrite"}


def test_a_folder_with_other_settings_is_not_gone_on_with(stopped_and_resumed, scan):
    request = request_for(scan, stopped_and_resumed[0], replace(CONFIG, seed=5))

    with pytest.raises(ConfigError, match="holds a run with other settings") as caught:
        run_training(request)
    assert "new folder" in caught.value.hint


def test_nothing_is_made_when_there_is_nothing_to_learn_from(tmp_path):
    request = RunRequest(tmp_path / "none", tmp_path / "none", tmp_path / "run", CONFIG)

    with pytest.raises(StackError, match="no TIFF"):
        run_training(request)
    assert not (tmp_path / "run").exists()


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
