import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from sandseg.atomic import read_json, write_json
from sandseg.classes import SegmentationClass
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import ConfigError, ModelError, TrainingError
from sandseg.model.store import list_models, load_model
from sandseg.runs import control, estimates
from sandseg.runs.folder import run_path, runs_root
from sandseg.runs.process import kill
from sandseg.runs.queue import advance_queue
from sandseg.runs.settings import DataSource, RunSettings

PATIENCE_S = 250  # a busy machine takes its time to start Python and TensorFlow
CONFIG = TrainConfig(
    unet=UNetConfig((4, 6), dropout=0.2),
    epochs=2,
    steps_per_epoch=30,
    batch_size=2,
    patch_size=32,
    warmup_steps=1,
)
SETTINGS = RunSettings(DataSource("phantom", shape=(6, 96, 96)), CONFIG, title="Made for a test")
ENDLESS = replace(SETTINGS, config=replace(CONFIG, epochs=5000))


@pytest.fixture(autouse=True)
def root(tmp_path_factory, monkeypatch, request):
    """A folder of runs of its own; what still runs in the end is stopped."""
    folder = tmp_path_factory.mktemp("runs")
    monkeypatch.setenv("SANDSEG_RUNS", str(folder))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN", "SANDSEG_DATA"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    for run in (path for path in folder.iterdir() if path.is_dir()):
        kill(run)


@pytest.fixture
def no_process(monkeypatch):
    """Runs wait, and none begins: a run that never ends holds the only place."""
    monkeypatch.setattr("sandseg.runs.queue.training_devices", tuple)


def wait_for(run_id, is_reached):
    """Return every status seen until one is as wanted."""
    seen, end = [], time.monotonic() + PATIENCE_S
    while not seen or not is_reached(seen[-1]):
        assert time.monotonic() < end, seen[-1]
        seen.append(control.run_status(run_id))
        time.sleep(0.05)
    return seen


def has_ended(status):
    return not status.is_active


def is_learning(status):
    return status.epoch >= 2 or has_ended(status)


def weights(run_id):
    with np.load(run_path(run_id) / "checkpoint" / "state.npz") as state:
        return {name: state[name] for name in state if name != "described"}


def process_id(run_id):
    return read_json(run_path(run_id) / "process.json")["pid"]


@pytest.mark.slow
def test_runs_go_one_by_one_and_a_pause_changes_nothing_of_what_is_learned():
    first, second = control.start_run(SETTINGS), control.start_run(SETTINGS)
    third = control.start_run(ENDLESS)
    states = [control.run_status(run_id) for run_id in (first, second, third)]
    assert [s.state for s in states] == ["running", "queued", "queued"]
    assert [s.queue_position for s in states] == [0, 1, 2]
    control.stop_run(third)
    assert control.run_status(third).state == "stopped"

    wait_for(first, lambda status: status.epoch == 1 or has_ended(status))
    asked = time.monotonic()
    control.pause_run(first)
    assert control.run_status(first).state in ("stopping", "paused")
    paused = wait_for(first, has_ended)[-1]
    assert (paused.state, paused.epoch, paused.n_epochs) == ("paused", 1, 2)
    assert time.monotonic() - asked < 5
    wait_for(second, lambda status: status.state == "running")
    control.resume_run(first)
    assert control.run_status(first).queue_position == 1

    assert wait_for(second, has_ended)[-1].state == "done"
    seen = wait_for(first, has_ended)
    assert seen[-1].state == "done"
    assert seen[-1].has_model
    assert seen[-1].best_epoch in (1, 2)
    resumed, through = weights(first), weights(second)
    assert resumed.keys() == through.keys()
    for name, values in resumed.items():
        np.testing.assert_array_equal(values, through[name], err_msg=name)
    for one, other in zip(control.run_metrics(first), control.run_metrics(second), strict=True):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    assert [epoch for epoch, _ in control.run_samples(first).epochs] == [1, 2]
    assert [status.id for status in control.list_runs()] == [third, second, first]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL.")
def test_a_killed_run_is_noticed_goes_on_and_its_best_weights_become_a_model(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    run_id = control.start_run(ENDLESS)
    status = wait_for(run_id, is_learning)[-1]
    assert (status.state, status.n_steps, status.n_epochs) == ("running", 30, 5000)
    assert status.device
    assert status.seconds > 0

    os.kill(process_id(run_id), signal.SIGKILL)
    killed = time.monotonic()
    status = wait_for(run_id, has_ended)[-1]
    assert time.monotonic() - killed < 10
    assert (status.state, status.message) == ("failed", "The training ended unexpectedly.")
    assert "Resume" in status.hint
    assert "epoch 1: loss" in status.log_tail

    control.resume_run(run_id)
    n_done = status.epoch
    status = wait_for(run_id, lambda s: s.epoch > n_done or has_ended(s))[-1]
    assert status.seconds_left > 0
    control.stop_run(run_id)
    asked = time.monotonic()
    status = wait_for(run_id, lambda s: "Scoring" in s.message or has_ended(s))[-1]
    assert time.monotonic() - asked < 5
    status = wait_for(run_id, has_ended)[-1]
    assert (status.state, status.has_model) == ("stopped", True)

    folder = control.use_model(run_id, "my-rock")
    (model,) = list_models()
    assert (model.name, model.folder, model.title) == ("my-rock", folder, "Made for a test")
    assert (model.card["name"], (folder / "replay" / "truth.png").is_file()) == ("my-rock", True)
    from sandseg.model.engine import load_engine

    probabilities = load_engine(model)(np.zeros((1, 32, 32, 1), np.float32))
    assert probabilities.shape == (1, 32, 32, 4)
    with pytest.raises(ModelError, match="already"):
        control.use_model(run_id, "my-rock")
    control.delete_run(run_id)
    assert control.list_runs() == []
    assert load_model("my-rock").sha256 == model.sha256


@pytest.mark.slow
def test_a_step_is_measured_once_for_each_network():
    config = replace(CONFIG, unet=UNetConfig((5, 7)))
    assert estimates.read_estimate(replace(SETTINGS, config=config)) is None

    estimates.start_estimate(replace(SETTINGS, config=config))
    end = time.monotonic() + PATIENCE_S
    while (found := estimates.read_estimate(replace(SETTINGS, config=config))) is None:
        assert time.monotonic() < end
        time.sleep(0.1)

    assert found.message == ""
    assert 0 < found.seconds_per_step < 60
    assert found.n_parameters > 0
    other = replace(SETTINGS, config=replace(config, epochs=77), title="Another")
    assert estimates.read_estimate(other) == found


def test_a_run_that_only_loads_is_stopped_at_once():
    run_id = control.start_run(SETTINGS)
    pid = process_id(run_id)

    control.stop_run(run_id)

    assert control.run_status(run_id).state == "stopped"
    end = time.monotonic() + PATIENCE_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("switch", ["off", "OFF", "0"])
def test_nothing_starts_where_training_is_switched_off(root, monkeypatch, switch, no_process):
    waiting = control.start_run(SETTINGS)
    monkeypatch.undo()
    monkeypatch.setenv("SANDSEG_RUNS", str(root))
    monkeypatch.setenv("SANDSEG_TRAINING", switch)

    for start in (
        lambda: control.start_run(SETTINGS),
        lambda: control.resume_run(waiting),
        lambda: estimates.start_estimate(SETTINGS),
    ):
        with pytest.raises(TrainingError, match="switched off") as caught:
            start()
        assert "your own computer" in caught.value.hint
    assert [status.state for status in control.list_runs()] == ["queued"]
    assert not list(root.glob("*/process.json"))


def test_who_does_not_know_the_token_changes_nothing(monkeypatch, no_process):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "grün")
    run_id = control.start_run(SETTINGS, token="grün")

    for change in (
        lambda token: control.start_run(SETTINGS, token),
        lambda token: control.stop_run(run_id, token),
        lambda token: control.pause_run(run_id, token),
        lambda token: control.resume_run(run_id, token),
        lambda token: control.delete_run(run_id, token),
        lambda token: control.use_model(run_id, "mine", token),
        lambda token: estimates.start_estimate(SETTINGS, token),
    ):
        for token in ("", "gruen"):
            with pytest.raises(TrainingError, match="token"):
                change(token)
    assert [status.state for status in control.list_runs()] == ["queued"]
    control.delete_run(run_id, "grün")
    assert control.list_runs() == []


def test_the_queue_has_an_end(monkeypatch, no_process):
    monkeypatch.setenv("SANDSEG_TRAINING_MAX_QUEUE", "2")
    for _ in range(2):
        control.start_run(SETTINGS)

    with pytest.raises(TrainingError, match="2 trainings wait already"):
        control.start_run(SETTINGS)


def test_a_waiting_run_is_paused_and_goes_to_the_end_of_the_queue(no_process):
    first, second = control.start_run(SETTINGS), control.start_run(SETTINGS)

    control.pause_run(first)
    assert [control.run_status(i).state for i in (first, second)] == ["paused", "queued"]
    control.resume_run(first)

    assert [control.run_status(i).queue_position for i in (first, second)] == [2, 1]
    with pytest.raises(TrainingError, match="is queued, so there is nothing to resume"):
        control.resume_run(second)


def test_a_disk_too_full_is_refused_with_the_room_it_takes(monkeypatch, no_process, root):
    monkeypatch.setattr("sandseg.runs.control.needed_bytes", lambda _: 2**70)

    with pytest.raises(TrainingError, match="needs 1,125,899,906,842,624 MiB") as caught:
        control.start_run(SETTINGS)
    assert "are free" in caught.value.message
    assert not list(root.glob("*/config.json"))


@pytest.mark.parametrize("run_id", ["none", "..", "../x", "/etc", "", ".hidden", "a" * 200, "a/b"])
def test_only_names_of_runs_are_let_through(run_id, no_process):
    (runs_root().parent / "x").mkdir()
    write_json(runs_root().parent / "x" / "config.json", {})

    for look in (
        control.run_status,
        control.run_metrics,
        control.run_samples,
        control.read_settings,
    ):
        with pytest.raises(TrainingError, match="There is no run"):
            look(run_id)
    for change in (control.stop_run, control.pause_run, control.resume_run, control.delete_run):
        with pytest.raises(TrainingError, match="There is no run"):
            change(run_id)
    (runs_root().parent / "x" / "config.json").unlink()
    (runs_root().parent / "x").rmdir()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"config": 3}', '{"title": "a"}'])
def test_a_run_with_damaged_settings_says_so(content, no_process):
    run_id = control.start_run(SETTINGS)
    (run_path(run_id) / "config.json").write_text(content)

    (status,) = control.list_runs()

    assert status.state == "failed"
    assert "settings" in status.message
    with pytest.raises(ConfigError, match="cannot be read"):
        control.read_settings(run_id)
    control.delete_run(run_id)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "running", "step": "x"}'])
def test_a_run_with_a_damaged_status_has_failed(content, no_process):
    run_id = control.start_run(SETTINGS)
    (run_path(run_id) / "status.json").write_text(content)

    assert control.run_status(run_id).state == "failed"


def test_another_process_with_the_same_number_is_not_the_run(no_process):
    run_id = control.start_run(SETTINGS)
    write_json(run_path(run_id) / "status.json", {"state": "running"})
    write_json(run_path(run_id) / "process.json", {"pid": os.getpid(), "command": ["python"]})

    assert control.run_status(run_id).state == "failed"
    control.delete_run(run_id)  # would be refused if it were


def test_a_run_at_work_is_not_deleted(no_process):
    run_id = control.start_run(SETTINGS)
    here = {"pid": os.getpid(), "command": psutil.Process().cmdline()}
    write_json(run_path(run_id) / "process.json", here)
    write_json(run_path(run_id) / "status.json", {"state": "running"})

    with pytest.raises(TrainingError, match="at work"):
        control.delete_run(run_id)
    control.stop_run(run_id)
    assert control.run_status(run_id).state == "stopping"
    (run_path(run_id) / "process.json").unlink()  # or the tests would be ended with it


def test_what_a_visitor_brought_is_kept_with_the_run(tmp_path, monkeypatch, no_process):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path))
    (tmp_path / "visitor").mkdir()
    for name in ("scan.tif", "truth.tiff"):
        (tmp_path / "visitor" / name).write_text(name)
    paths = [str(tmp_path / "visitor" / name) for name in ("scan.tif", "truth.tiff")]
    source = DataSource("files", images=paths[0], labels=paths[1])

    run_id = control.start_run(replace(SETTINGS, source=source))
    for path in paths:
        Path(path).unlink()

    kept = control.read_settings(run_id).source
    assert Path(kept.images).read_text() == "scan.tif"
    assert Path(kept.labels).read_text() == "truth.tiff"
    assert kept.images.startswith(str(run_path(run_id)))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"source": DataSource("files", images="/none.tif", labels="/no.tif")},
            TrainingError,
            "no",
        ),
        ({"source": DataSource("sandstone")}, TrainingError, "real sandstone is not"),
        ({"source": DataSource("phantom", shape=(0, 9, 9))}, ConfigError, "cannot be made"),
        ({"start_from": "no-such-model"}, ModelError, 'no model "no-such-model"'),
    ],
)
def test_a_run_without_its_data_is_refused(root, changes, error, message, no_process):
    with pytest.raises(error, match=message):
        control.start_run(replace(SETTINGS, **changes))
    assert not list(root.glob("*/config.json"))


def test_the_settings_come_back_as_they_were_given(no_process):
    classes = tuple(SegmentationClass(n, f"kind {n}", "#112233", "µ", n == 0) for n in range(2))
    unet = UNetConfig((4, 6), n_classes=2)
    given = replace(SETTINGS, classes=classes, config=replace(CONFIG, unet=unet), test=("5",))

    run_id = control.start_run(given)

    assert control.read_settings(run_id) == given
    assert control.read_settings(run_id).all_classes == classes


@pytest.mark.parametrize("name", ["", "..", "a/b", ".x", "a b", "x" * 65])
def test_a_model_gets_no_name_that_leads_elsewhere(name, tmp_path, grey_model_folder, no_process):
    run_id = control.start_run(SETTINGS)
    with pytest.raises(TrainingError, match="no model yet"):
        control.use_model(run_id, "fine")
    (run_path(run_id) / "model").symlink_to(grey_model_folder / "grey")

    with pytest.raises(ModelError, match="cannot be the name"):
        control.use_model(run_id, name)


def test_a_run_that_ends_lets_the_next_one_begin_though_nobody_looks():
    first = run_path(control.start_run(ENDLESS))
    second = run_path(control.start_run(ENDLESS))
    advance_queue()
    assert read_json(second / "status.json")["state"] == "queued"

    advance_queue(ended=first)

    assert read_json(second / "status.json")["state"] == "running"
