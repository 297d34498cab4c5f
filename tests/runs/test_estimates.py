import time
from dataclasses import replace

import pytest

from sandseg.atomic import write_json
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import TrainingError
from sandseg.runs import estimates, process
from sandseg.runs.estimates import read_estimate, start_estimate
from sandseg.runs.folder import ESTIMATE
from sandseg.runs.settings import DataSource, RunSettings

CONFIG = TrainConfig(unet=UNetConfig((4, 6)))
SETTINGS = RunSettings(DataSource("phantom"), CONFIG)
PATIENCE_S = 250  # a busy machine takes its time to start Python and TensorFlow
MEASURED = {"seconds_per_step": 0.5, "n_parameters": 123, "device": "CPU"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_CACHE", str(tmp_path))
    monkeypatch.delenv("SANDSEG_TRAINING_TOKEN", raising=False)
    monkeypatch.setenv("SANDSEG_TRAINING", "on")
    yield
    for settings in (tmp_path / "estimates").glob("*/config.json"):
        process.kill(settings.parent)


@pytest.fixture
def measuring(monkeypatch):
    """Folders in which a measurement was begun; nothing runs."""
    folders = []
    monkeypatch.setattr(process, "launch", lambda _command, folder: folders.append(folder))
    return folders


def measured(measuring, **answer):
    start_estimate(SETTINGS)
    write_json(measuring[-1] / ESTIMATE, MEASURED | answer)
    return read_estimate(SETTINGS)


def test_what_nobody_asked_for_is_not_known():
    assert read_estimate(SETTINGS) is None


def test_what_is_known_is_not_measured_again(measuring):
    found = measured(measuring)

    start_estimate(SETTINGS)

    assert (found.seconds_per_step, found.n_parameters) == (0.5, 123)
    assert len(measuring) == 1


def test_a_measurement_that_failed_is_tried_again(measuring):
    assert measured(measuring, message="No memory.").message == "No memory."

    start_estimate(SETTINGS)

    assert len(measuring) == 2


def test_a_process_that_ended_without_a_word_is_a_failure(measuring):
    start_estimate(SETTINGS)

    found = read_estimate(SETTINGS)

    assert "ended unexpectedly" in found.message
    assert found.hint


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"epochs": 9, "steps_per_epoch": 7, "seed": 5, "learning_rate": 1e-4}, True),
        ({"batch_size": 3}, False),
        ({"patch_size": 64}, False),
        ({"unet": UNetConfig((4, 8))}, False),
    ],
)
def test_only_what_changes_a_step_is_measured_anew(measuring, changes, is_same):
    found = measured(measuring)

    other = read_estimate(replace(SETTINGS, config=replace(CONFIG, **changes), title="Another"))

    assert (other == found) == is_same


def test_where_training_is_off_nothing_is_measured(measuring, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    with pytest.raises(TrainingError):
        start_estimate(SETTINGS)
    assert measuring == []
    assert not list(estimates.cache_folder().glob("estimates/*"))


@pytest.mark.slow
def test_a_process_measures_a_step_and_loads_no_more_than_it_needs(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # its log names what it loads
    config = replace(CONFIG, batch_size=2, patch_size=32, optimizer="adam")
    settings = replace(SETTINGS, config=config)

    start_estimate(settings)
    end = time.monotonic() + PATIENCE_S
    while (found := read_estimate(settings)) is None:
        assert time.monotonic() < end
        time.sleep(0.1)

    assert found.message == ""
    assert 0 < found.seconds_per_step < 60
    assert found.n_parameters > 0
    other = replace(settings, config=replace(config, epochs=77), title="Another")
    assert read_estimate(other) == found
    (log,) = tmp_path.glob(f"estimates/*/{process.LOG}")
    loaded = {line.rpartition("|")[2].strip() for line in log.read_text().splitlines()}
    assert "keras" in loaded
    assert not {"sklearn.utils", "matplotlib.figure", "pandas.core.frame"} & loaded
