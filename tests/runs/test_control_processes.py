"""Trainings as real processes: one by one, paused, killed, resumed, stopped."""

import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from sandseg.atomic import read_json
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import ModelError
from sandseg.model.store import list_models
from sandseg.runs import control
from sandseg.runs.added_models import use_model
from sandseg.runs.folder import run_path
from sandseg.runs.queue import advance_queue
from sandseg.runs.settings import DataSource, RunSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # four processes load TensorFlow one after another
]

PATIENCE_S = 250  # a busy machine takes its time to start Python and TensorFlow
PROMPT_S = 10  # what answers at once takes a second or two there
N_COMPARED = 3  # epochs
CONFIG = TrainConfig(
    unet=UNetConfig((4, 6), dropout=0.2),
    epochs=5000,  # it ends when it is asked to
    steps_per_epoch=40,
    batch_size=2,
    patch_size=32,
    warmup_steps=1,
    optimizer="adam",  # every process traces its step, and that of AdamW takes twice as long
)
SETTINGS = RunSettings(DataSource("phantom", shape=(6, 96, 96)), CONFIG, title="Made for a test")


def wait_for(run_id, is_reached):
    """Look at a run until it is as wanted; return its status and the seconds it took."""
    began = time.monotonic()
    while not is_reached(status := control.run_status(run_id)):
        assert time.monotonic() - began < PATIENCE_S, status
        time.sleep(0.25)  # looking takes a hundredth of a second of what they learn with
    return status, time.monotonic() - began


def has_ended(status):
    return not status.is_active


def has_learned(n_epochs):
    return lambda status: status.epoch >= n_epochs or has_ended(status)


def process_id(run_id):
    return read_json(run_path(run_id) / "process.json")["pid"]


@pytest.fixture(scope="module")
def story(shared_runs_root):
    """Two trainings of the same settings, each a process, and what was seen of them.

    `through` learns until it is stopped. `broken` is paused, goes on, is killed, and goes on.
    """
    seen = SimpleNamespace()
    broken, through, third = (control.start_run(SETTINGS) for _ in range(3))
    seen.ids, seen.broken, seen.through = [third, through, broken], broken, through
    seen.line = [control.run_status(run_id) for run_id in (broken, through, third)]
    control.stop_run(third)
    seen.never_began = control.run_status(third)

    seen.learning, _ = wait_for(broken, has_learned(1))
    control.pause_run(broken)
    seen.asked_to_pause = control.run_status(broken)
    seen.paused, seen.seconds_to_pause = wait_for(broken, has_ended)
    wait_for(through, lambda status: status.state == "running")
    control.resume_run(broken)
    seen.resumed = control.run_status(broken)

    wait_for(through, has_learned(N_COMPARED))
    control.stop_run(through)
    seen.scoring, seen.seconds_to_stop = wait_for(
        through, lambda s: "Scoring" in s.message or has_ended(s)
    )
    seen.stopped, _ = wait_for(through, has_ended)

    # What an epoch prints is in the log for sure once the next one is complete.
    wait_for(broken, has_learned(seen.paused.epoch + 2))
    control.resume_run(third)  # it waits
    psutil.Process(process_id(broken)).kill()
    seen.killed, seen.seconds_to_notice = wait_for(broken, has_ended)
    seen.after_the_kill = control.list_runs()
    seen.begun = advance_queue()
    seen.after_a_tick = control.run_status(third)
    psutil.Process(process_id(third)).kill()  # nobody asks how it ends
    wait_for(third, has_ended)
    control.resume_run(broken)
    n_epochs = max(N_COMPARED, seen.killed.epoch + 1)
    seen.goes_on, _ = wait_for(broken, has_learned(n_epochs))
    return seen


def test_runs_go_one_by_one(story):
    assert [status.state for status in story.line] == ["running", "queued", "queued"]
    assert [status.queue_position for status in story.line] == [0, 1, 2]
    assert story.never_began.state == "stopped"
    assert story.resumed.queue_position == 1
    assert [status.id for status in control.list_runs()] == story.ids


def test_a_run_says_what_it_does(story):
    assert (story.learning.n_steps, story.learning.n_epochs) == (40, 5000)
    assert story.learning.device
    assert story.learning.seconds > 0
    assert story.goes_on.seconds_left > 0


def test_a_pause_and_a_stop_are_answered_at_once(story):
    assert story.asked_to_pause.state in ("stopping", "paused")
    assert story.paused.state == "paused"
    assert story.seconds_to_pause < PROMPT_S
    assert story.seconds_to_stop < PROMPT_S


def test_a_killed_run_is_noticed(story):
    assert story.seconds_to_notice < PROMPT_S
    assert (story.killed.state, story.killed.message) == (
        "failed",
        "The training ended unexpectedly.",
    )
    assert "Resume" in story.killed.hint
    assert "loss" in story.killed.log_tail


def test_after_a_kill_looking_starts_nothing_and_the_next_tick_the_run_that_waits(story):
    waiting = story.ids[0]
    states = {status.id: status.state for status in story.after_the_kill}
    assert states == {waiting: "queued", story.through: "stopped", story.broken: "failed"}
    assert story.begun == [run_path(waiting)]
    assert story.after_a_tick.state == "running"


def test_what_was_paused_and_killed_learns_the_very_same_as_what_went_through(story):
    broken, through = (control.run_metrics(run_id) for run_id in (story.broken, story.through))

    assert min(len(broken), len(through)) >= N_COMPARED
    for one, other in zip(broken, through, strict=False):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    pictures = [control.run_samples(run_id).epochs for run_id in (story.broken, story.through)]
    for (n, one), (n_other, other) in zip(*pictures, strict=False):
        assert n == n_other
        assert one.read_bytes() == other.read_bytes()


def test_a_stopped_run_leaves_the_model_of_its_best_epoch_to_be_used(story, tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    assert (story.stopped.state, story.stopped.has_model) == ("stopped", True)
    assert 1 <= story.stopped.best_epoch <= story.stopped.epoch

    folder = use_model(story.through, "my-rock")

    (model,) = list_models()
    assert (model.name, model.folder, model.title) == ("my-rock", folder, "Made for a test")
    assert (model.card["name"], (folder / "replay" / "truth.png").is_file()) == ("my-rock", True)
    from sandseg.model.engine import load_engine

    probabilities = load_engine(model)(np.zeros((1, 32, 32, 1), np.float32))
    assert probabilities.shape == (1, 32, 32, 4)
    with pytest.raises(ModelError, match="already"):
        use_model(story.through, "my-rock")
