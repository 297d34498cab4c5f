import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sandseg.atomic import read_json, write_json
from sandseg.classes import SegmentationClass
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import ConfigError, ModelError, TrainingError
from sandseg.runs import control, estimates
from sandseg.runs.added_models import use_model
from sandseg.runs.folder import run_path, runs_root
from sandseg.runs.permissions import NOBODY, Visitor
from sandseg.runs.queue import advance_queue
from sandseg.runs.settings import DataSource, RunSettings

PATIENCE_S = 250  # a busy machine takes its time
CONFIG = TrainConfig(
    unet=UNetConfig((4, 6)), epochs=2, steps_per_epoch=30, patch_size=32, warmup_steps=1
)
SETTINGS = RunSettings(DataSource("phantom", shape=(6, 96, 96)), CONFIG, title="Made for a test")


@pytest.fixture(autouse=True)
def root(runs_root):
    return runs_root


@pytest.fixture
def no_process(monkeypatch):
    """Runs wait, and none begins: a run that never ends holds the only place."""
    monkeypatch.setattr("sandseg.runs.queue.training_devices", tuple)


def process_id(run_id):
    return read_json(run_path(run_id) / "process.json")["pid"]


def test_a_deleted_run_is_gone_and_lets_the_next_begin(monkeypatch, no_process):
    first, second = control.start_run(SETTINGS), control.start_run(SETTINGS)
    tried = []
    monkeypatch.setattr(control, "advance_queue", lambda: tried.append("advanced"))

    control.delete_run(first)

    assert [status.id for status in control.list_runs()] == [second]
    assert tried == ["advanced"]


def test_looking_at_runs_starts_none(monkeypatch, no_process):
    run_id = control.start_run(SETTINGS)
    monkeypatch.setattr("sandseg.runs.queue.training_devices", lambda: ("a free one",))

    assert control.run_status(run_id).state == "queued"
    assert [status.state for status in control.list_runs()] == ["queued"]
    assert not (run_path(run_id) / "process.json").exists()


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
        lambda: control.delete_run(waiting),
        lambda: use_model(waiting, "mine"),
    ):
        with pytest.raises(TrainingError, match="switched off") as caught:
            start()
        assert "your own computer" in caught.value.hint
    assert [status.state for status in control.list_runs()] == ["queued"]
    assert not list(root.glob("*/process.json"))


def test_who_does_not_know_the_token_changes_nothing(monkeypatch, no_process):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "grün")
    run_id = control.start_run(SETTINGS, Visitor("grün", "teacher's browser"))

    for token in ("", "gruen"):
        stranger = Visitor(token, "another browser")
        for start in (control.start_run, estimates.start_estimate):
            with pytest.raises(TrainingError, match="need a token"):
                start(SETTINGS, stranger)
        check_nothing_is_changed(run_id, stranger)
    control.delete_run(run_id, Visitor("grün"))
    assert control.list_runs() == []


def check_nothing_is_changed(run_id, stranger):
    """All that somebody else could do to a run is refused, and done nothing of."""
    before = control.run_status(run_id)
    for change in (
        lambda: control.stop_run(run_id, stranger),
        lambda: control.pause_run(run_id, stranger),
        lambda: control.resume_run(run_id, stranger),
        lambda: control.delete_run(run_id, stranger),
        lambda: use_model(run_id, "mine", stranger),
    ):
        with pytest.raises(TrainingError, match="another visitor") as caught:
            change()
        assert "token" in caught.value.hint
    assert control.run_status(run_id) == before


def test_a_training_is_changed_by_whoever_began_it_and_by_nobody_else(monkeypatch, no_process):
    monkeypatch.delenv("SANDSEG_TRAINING_TOKEN", raising=False)
    run_id = control.start_run(SETTINGS, Visitor(key="one browser"))

    for stranger in (NOBODY, Visitor(key="another browser"), Visitor("no token", "")):
        check_nothing_is_changed(run_id, stranger)
    control.pause_run(run_id, Visitor(key="one browser"))
    control.resume_run(run_id, Visitor(key="one browser"))
    control.delete_run(run_id, Visitor(key="one browser"))


def test_its_folder_keeps_no_key(no_process):
    run_id = control.start_run(SETTINGS, Visitor(key="one browser"))

    kept = [path.read_bytes() for path in run_path(run_id).rglob("*") if path.is_file()]

    assert not any(b"one browser" in content for content in kept)


def test_where_all_may_train_nobody_fills_the_queue_alone(monkeypatch, no_process):
    monkeypatch.setenv("SANDSEG_TRAINING", "open")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")
    for _ in range(control.MOST_OWN):
        control.start_run(SETTINGS, Visitor(key="one browser"))

    with pytest.raises(TrainingError, match="2 of your trainings are at work or wait"):
        control.start_run(SETTINGS, Visitor(key="one browser"))
    control.start_run(SETTINGS, Visitor(key="another browser"))
    control.start_run(SETTINGS, Visitor("secret", "one browser"))


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
        use_model(run_id, "fine")
    (run_path(run_id) / "model").symlink_to(grey_model_folder / "grey")

    with pytest.raises(ModelError, match="cannot be the name"):
        use_model(run_id, name)


def test_a_run_that_ends_lets_the_next_one_begin_though_nobody_looks():
    first = run_path(control.start_run(SETTINGS))
    second = run_path(control.start_run(SETTINGS))
    advance_queue()
    assert read_json(second / "status.json")["state"] == "queued"

    advance_queue(ended=first)

    assert read_json(second / "status.json")["state"] == "running"
