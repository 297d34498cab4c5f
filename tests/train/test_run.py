import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sandseg.classes import SANDSTONE
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import ConfigError, StackError, TrainingError
from sandseg.export.tiff import write_image, write_labels
from sandseg.model.store import load_model
from sandseg.runs.folder import metrics_from, samples_from, status_entries
from sandseg.runs.settings import DataSource, RunSettings

keras = pytest.importorskip("keras")

from sandseg.model.unet import build_unet  # noqa: E402
from sandseg.train.run import run_training, take_weights  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

CONFIG = TrainConfig(
    unet=UNetConfig((4, 6)),
    epochs=2,
    steps_per_epoch=2,
    batch_size=2,
    patch_size=32,
    warmup_steps=1,
    learning_rate=0.01,
    norm_share=1.0,
    optimizer="adam",  # the quicker one
)


@pytest.fixture(scope="module")
def scan(tmp_path_factory, small_phantom):
    folder = tmp_path_factory.mktemp("scan")
    write_image(folder / "image.tif", small_phantom.image[:4])
    write_labels(folder / "labels.tif", small_phantom.labels[:4])
    return folder


def settings_for(scan, config=CONFIG, **changes):
    files = DataSource("files", images=str(scan / "image.tif"), labels=str(scan / "labels.tif"))
    return RunSettings(files, config, **changes)


@pytest.fixture(scope="module")
def paused_and_resumed(scan, tmp_path_factory):
    """A run that was paused in the second epoch, and that then went on."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    settings = settings_for(scan, title="Made for a test")
    paused = run_training(folder, settings, on_epoch=lambda _: (folder / "pause").touch())
    status = status_entries(folder)
    was_there = sorted(path.name for path in folder.iterdir())
    (folder / "pause").unlink()
    model = run_training(folder, settings, command="make it")
    return folder, paused, status, was_there, model


def test_a_paused_run_keeps_what_it_needs_and_the_next_start_goes_on(paused_and_resumed):
    folder, paused, status, was_there, model = paused_and_resumed

    assert paused is None
    assert was_there == [
        *("checkpoint", "config.json", "metrics.jsonl", "pause"),
        *("process.json", "samples", "status.json"),
    ]
    assert (status["state"], status["epoch"], status["n_epochs"]) == ("paused", 1, 2)
    assert model == folder / "model"
    epochs = metrics_from(folder)
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    expected = {"epoch", "n_epochs", "loss", "iou", "mean_iou", "seconds", "validation_loss"}
    assert set(epochs[0]) == expected
    ended = status_entries(folder)
    assert (ended["state"], ended["epoch"], ended["seconds_left"]) == ("done", 2, 0)
    assert ended["seconds"] > status["seconds"] > 0


def test_the_model_of_a_run_is_whole_and_its_card_says_how_it_was_made(paused_and_resumed):
    model = load_model("model", paused_and_resumed[0])

    card = model.card
    assert (model.title, model.unet, model.classes) == ("Made for a test", CONFIG.unet, SANDSTONE)
    assert card["n_parameters"] > 0
    assert card["command"] == "make it"
    assert len(card["history"]) == 2
    reached = [epoch["mean_iou"] for epoch in card["history"]]
    assert card["training"]["epoch"] == 1 + reached.index(max(reached))
    assert model.histogram.sum() == pytest.approx(1, abs=1e-4)
    used = card["data"]["slices"]
    assert len(set(sum(used.values(), []))) == sum(map(len, used.values())) == 4
    for part in ("validation", "test"):
        assert card["scores"][part]["slices"] == used[part]
        whole = card["scores"][part]["whole slice"]
        assert np.sum(whole["confusion_matrix"]) == 96 * 96
        assert set(whole["iou_interval"]) == {"air", "clay", "quartz", "pyrite"}


def test_the_model_carries_pictures_of_every_epoch(paused_and_resumed):
    folder, *_, model = paused_and_resumed

    for place in (folder / "samples", model / "replay"):
        found = samples_from(place)
        assert [epoch for epoch, _ in found.epochs] == [1, 2]
        for path in (found.truth, *(path for _, path in found.epochs)):
            picture = Image.open(path)
            assert (picture.mode, picture.size) == ("P", (96, 96))
            assert tuple(picture.getpalette()[3:6]) == SANDSTONE[1].rgb
        assert Image.open(found.image).mode == "L"
    assert set(np.unique(Image.open(found.truth))) == {0, 1, 2, 3}


def test_a_folder_with_other_settings_is_not_gone_on_with(paused_and_resumed, scan):
    settings = settings_for(scan, replace(CONFIG, seed=5))

    with pytest.raises(ConfigError, match="holds a run with other settings") as caught:
        run_training(paused_and_resumed[0], settings)
    assert "new folder" in caught.value.hint


def test_a_damaged_checkpoint_is_named(paused_and_resumed, scan, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(paused_and_resumed[0], folder)
    (folder / "checkpoint" / "state.npz").write_bytes(b"PK damaged")

    with pytest.raises(TrainingError, match="checkpoint of the run cannot be read") as caught:
        run_training(folder, settings_for(scan, title="Made for a test"))
    assert "another folder" in caught.value.hint
    assert status_entries(folder)["state"] == "failed"


def test_nothing_is_made_when_there_is_nothing_to_learn_from(tmp_path):
    files = DataSource("files", images=str(tmp_path), labels=str(tmp_path))

    with pytest.raises(StackError, match="no slices"):
        run_training(tmp_path / "run", RunSettings(files, CONFIG))
    assert not (tmp_path / "run").exists()


def test_a_stop_before_the_first_epoch_leaves_no_model(scan, tmp_path):
    (tmp_path / "cancel").touch()

    assert run_training(tmp_path, settings_for(scan)) is None
    status = status_entries(tmp_path)
    assert status["state"] == "stopped"
    assert "no model" in status["message"]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="Windows limits no file sizes.")
def test_a_full_disk_ends_a_run_with_a_sentence_and_leaves_its_checkpoint(scan, tmp_path):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = []

    def fill(_):
        state = tmp_path / "run" / "checkpoint" / "state.npz"
        if state.exists():
            kept.append(state.read_bytes())
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))

    try:
        with pytest.raises(TrainingError, match="disk is full") as caught:
            run_training(tmp_path / "run", settings_for(scan), on_epoch=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "resume" in caught.value.hint
    assert status_entries(tmp_path / "run")["state"] == "failed"
    assert [p.name for p in (tmp_path / "run").rglob("*.part")] == []
    assert (tmp_path / "run" / "checkpoint" / "state.npz").read_bytes() == kept[0]


def test_a_run_ends_itself_after_the_longest_time(scan, tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING_MAX_HOURS", "0.0000001")

    run_training(tmp_path / "run", settings_for(scan))

    assert status_entries(tmp_path / "run")["state"] == "stopped"


def test_a_training_starts_from_the_layers_that_fit(paused_and_resumed):
    stored = load_model("model", paused_and_resumed[0])
    same, wider = (build_unet(replace(CONFIG.unet, n_classes=n)) for n in (4, 6))

    n_all, n_some = take_weights(same, stored), take_weights(wider, stored)

    trained = keras.saving.load_model(stored.folder / "model.keras", compile=False)
    for taken, learned in zip(same.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(taken, learned)
    assert n_some == n_all - 1  # all but the last, which tells more classes apart


def test_a_model_none_of_whose_layers_fit_is_refused(paused_and_resumed):
    stored = load_model("model", paused_and_resumed[0])
    other = build_unet(UNetConfig((3, 5), n_classes=5, stem="full"))

    with pytest.raises(TrainingError, match="No layer"):
        take_weights(other, stored)
