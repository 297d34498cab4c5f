import errno
import time

import numpy as np
import pytest
from PIL import Image

from sandseg.classes import SANDSTONE
from sandseg.config import TrainConfig
from sandseg.errors import TrainingError
from sandseg.runs.folder import EpochReport, metrics_from, samples_from, status_entries
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.train.progress import RunWriter, SamplePainter

SETTINGS = RunSettings(DataSource("phantom"), TrainConfig(epochs=3))


@pytest.fixture
def writer(tmp_path):
    made = RunWriter(tmp_path, SETTINGS, max_hours=1)
    made.enter("a device")
    made.begin(1000, ["Class 3 does not occur."])
    return made


@pytest.mark.slow
def test_the_status_is_written_at_most_once_a_second(writer, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        "sandseg.train.progress.write_json", lambda path, entries: written.append(entries["step"])
    )
    end = time.monotonic() + 1.5

    step = 0
    while time.monotonic() < end:
        step += 1
        writer.step(0, min(step, 999))
        time.sleep(0.001)

    assert len(written) == 1
    writer.step(0, 1000)  # the last of an epoch is told at once
    assert written[-1] == 1000


def test_the_time_left_follows_from_the_steps(writer, tmp_path):
    for step in range(1, 11):
        writer.step(1, step)
        time.sleep(0.005)
    writer.step(1, 1000)

    status = status_entries(tmp_path)
    assert (status["epoch"], status["step"], status["device"]) == (1, 1000, "a device")
    assert status["warnings"] == ["Class 3 does not occur."]
    assert status["seconds_left"] == pytest.approx(1000 * status["seconds_per_step"])


def test_an_absent_class_has_no_iou_in_the_record(writer, tmp_path):
    writer.epoch(EpochReport(1, 3, 0.5, (0.25, float("nan")), 0.25, 2.0, 0.4))

    (record,) = metrics_from(tmp_path)
    assert record["iou"] == [0.25, None]
    assert record["validation_loss"] == 0.4


def test_the_time_of_all_processes_counts(writer, tmp_path):
    writer.tell(seconds=0)
    entries = status_entries(tmp_path)
    (tmp_path / "status.json").write_text(
        str(entries | {"seconds": 3599.9}).replace("'", '"').replace("None", "null")
    )

    again = RunWriter(tmp_path, SETTINGS, max_hours=1)

    assert not again.is_overdue
    time.sleep(0.15)
    assert again.wanted() == "stop"


def test_a_stop_goes_before_a_pause(writer, tmp_path):
    assert writer.wanted() == ""
    (tmp_path / "pause").touch()
    assert writer.wanted() == "pause"
    (tmp_path / "cancel").touch()
    assert writer.wanted() == "stop"


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (TrainingError("no rock", "find some"), "failed", "no rock"),
        (OSError(errno.ENOSPC, "No space"), "failed", "disk is full"),
        (SystemExit(143), "paused", "interrupted"),
        (KeyboardInterrupt(), "paused", "interrupted"),
    ],
)
def test_how_a_run_ended_stands_in_its_status(writer, tmp_path, error, state, message):
    with pytest.raises((type(error), TrainingError)), writer.ending():
        raise error

    status = status_entries(tmp_path)
    assert status["state"] == state
    assert message in status["message"]


def test_other_errors_are_left_to_the_log(writer, tmp_path):
    with pytest.raises(PermissionError), writer.ending():
        raise PermissionError

    assert status_entries(tmp_path)["state"] == "running"


def test_the_pictures_show_the_place_with_most_classes(tmp_path, rng):
    labels = np.full((400, 600), 2, np.uint8)
    labels[300:, 500:] = rng.integers(0, 4, (100, 100))
    image = np.arange(600, dtype=np.float32) / 600 + np.zeros((400, 1), np.float32)
    dull = (image, np.zeros_like(labels))

    painter = SamplePainter(tmp_path, [dull, (image, labels)], SANDSTONE)
    painter.draw(7, lambda crop: np.eye(4)[np.full(crop.shape, 3)])

    found = samples_from(tmp_path / "samples")
    truth = np.asarray(Image.open(found.truth))
    np.testing.assert_array_equal(truth, labels[144:, 344:])
    shown = np.asarray(Image.open(found.image)) / 255
    np.testing.assert_allclose(shown, image[144:, 344:], atol=0.002)
    ((epoch, path),) = found.epochs
    assert epoch == 7
    assert (np.asarray(Image.open(path)) == 3).all()
