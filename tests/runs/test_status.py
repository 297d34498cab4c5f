import math
import time
from pathlib import Path

import pytest

from sandseg.atomic import write_json
from sandseg.config import TrainConfig, UNetConfig
from sandseg.runs import process
from sandseg.runs.folder import METRICS, PAUSE, STATES, STATUS, STOP, metrics_from, samples_from
from sandseg.runs.settings import DataSource, RunSettings, write_settings
from sandseg.runs.status import UNEXPECTED, run_folders, status_of, waiting_runs

ROOT = Path(__file__).parents[2]
SETTINGS = RunSettings(
    DataSource("phantom"), TrainConfig(unet=UNetConfig((4, 6)), epochs=7), title="Mine"
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(root):
    """A function that makes the folder of a run whose status holds what is given."""

    def make(name="run", **entries):
        (root / name).mkdir()
        write_settings(root / name, SETTINGS)
        write_json(root / name / STATUS, entries)
        return root / name

    return make


@pytest.fixture
def alive(monkeypatch):
    monkeypatch.setattr(process, "is_alive", lambda _: True)


@pytest.mark.parametrize("state", ["done", "stopped", "paused", "failed"])
def test_what_a_run_said_last_is_believed(run, state):
    folder = run(state=state, epoch=3, step=4, seconds=2.5, message="Said so.", hint="Do so.")

    status = status_of(folder)

    assert (status.state, status.epoch, status.step, status.seconds) == (state, 3, 4, 2.5)
    assert (status.message, status.hint) == ("Said so.", "Do so.")
    assert (status.id, status.title, status.n_epochs) == ("run", "Mine", 7)


def test_a_run_whose_process_is_gone_has_failed_with_its_last_words(run):
    folder = run(state="running", epoch=2)
    (folder / process.LOG).write_text("noise\nerror: No memory.\nhint: Choose smaller batches.\n")

    status = status_of(folder)

    assert (status.state, status.message) == ("failed", "No memory.")
    assert status.hint == "Choose smaller batches."
    assert "noise" in status.log_tail


def test_a_run_that_ended_without_a_word_says_that(run):
    status = status_of(run(state="running"))

    assert (status.state, status.message) == ("failed", UNEXPECTED)
    assert "Resume" in status.hint


def test_a_run_that_was_just_taken_from_the_queue_has_not_failed(run):
    assert status_of(run("young", state="running", heartbeat=time.time())).state == "running"
    assert status_of(run("old", state="running", heartbeat=time.time() - 60)).state == "failed"


@pytest.mark.parametrize("request_file", [STOP, PAUSE])
def test_a_run_asked_to_end_is_stopping(run, alive, request_file):
    folder = run(state="running")
    assert status_of(folder).state == "running"

    (folder / request_file).touch()

    assert status_of(folder).state == "stopping"


def test_the_line_is_told_by_when_a_run_came(root, run):
    run("late", state="queued", queued=3.0)
    run("early", state="queued", queued=1.0)
    run("done", state="done", queued=0.0)

    assert [folder.name for folder in waiting_runs()] == ["early", "late"]
    assert status_of(root / "early").queue_position == 1
    assert status_of(root / "late").queue_position == 2


@pytest.mark.parametrize("wrong", ["many", None, [], {}, True])
def test_numbers_of_another_type_are_left_out(run, alive, wrong):
    status = status_of(run(state="running", epoch=wrong, seconds_left=wrong))

    assert status.state == "running"
    assert status.epoch == 0
    assert status.seconds_left is None


def test_names_that_lead_elsewhere_are_no_runs(root, run):
    run("good", state="done")
    run(".hidden", state="done")
    (root / "empty").mkdir()

    assert [folder.name for folder in run_folders()] == ["good"]


DAMAGED = {
    "cut off": '{"state": "runn',
    "no record": "[1, 2]",
    "wrong types": '{"state": 7, "epoch": "x", "warnings": 3, "heartbeat": "now", "seconds": []}',
    "no state": '{"state": "exploded", "epoch": -1}',
    "NaN": '{"state": "running", "seconds": NaN, "heartbeat": Infinity}',
    "deep": "[" * 100_000,
    "no text": "\ud800",
}


@pytest.mark.parametrize("name", ["status.json", "process.json"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_of_one_run_hides_no_other(run, name, damage):
    folder = run()
    (folder / name).write_bytes(DAMAGED[damage].encode("utf-8", "surrogatepass"))

    status = status_of(folder)

    assert status.state in STATES
    assert math.isfinite(status.seconds)


@pytest.mark.parametrize(
    "line", ["7", '{"epoch": "one"}', '{"epoch": 1, "loss": "low"}', "[" * 9999]
)
def test_a_damaged_record_of_an_epoch_is_passed_over(run, line):
    folder = run()
    (folder / METRICS).write_text(f'{line}\n{{"epoch": 2, "loss": 0.5, "iou": [0.5]}}\n')

    assert [record["epoch"] for record in metrics_from(folder)] == [2]


def test_a_picture_that_is_a_link_to_another_file_is_not_sent_out(tmp_path):
    (tmp_path / "secret").write_text("token")
    for name in ("image.png", "epoch_001.png"):
        (tmp_path / name).symlink_to(tmp_path / "secret")
    (tmp_path / "epoch_x.png").write_bytes(b"")

    found = samples_from(tmp_path)

    assert (found.image, found.epochs) == (None, ())


def test_no_path_of_the_machine_is_in_what_visitors_see_of_a_failure(run):
    folder = run()
    trace = f'Traceback (most recent call last):\n  File "{ROOT}/x.py", line 1\nValueError: bad\n'
    (folder / "log.txt").write_text(trace)

    assert status_of(folder).log_tail == "ValueError: bad"
