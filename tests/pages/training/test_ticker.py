"""Looking at trainings starts none; being on the page Train lets the next one begin."""

import pytest

from pages.cache import trainings as run_cache
from pages.training.ticker import tick
from sandseg.config import preset
from sandseg.runs import process
from sandseg.runs.folder import status_entries
from sandseg.runs.queue import put_in_queue
from sandseg.runs.settings import DataSource, RunSettings, write_settings


@pytest.fixture
def begun(monkeypatch):
    """Which runs began; they do nothing."""
    found = []
    monkeypatch.setattr(process, "launch", lambda _command, folder, _env: found.append(folder.name))
    return found


@pytest.fixture
def waiting(tmp_path, monkeypatch, begun):
    """A run that waits, and nothing at work: the process of the one before was killed."""
    monkeypatch.setenv("SANDSEG_RUNS", str(tmp_path / "runs"))
    for name in ("SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "runs" / "run-1"
    folder.mkdir(parents=True)
    write_settings(folder, RunSettings(DataSource("phantom"), preset("tiny")))
    put_in_queue(folder)
    run_cache.forget()
    return folder


def test_what_the_pages_keep_of_trainings_is_only_looked_at(waiting, begun):
    assert [status.state for status in run_cache.list_runs()] == ["queued"]
    assert run_cache.run_status(waiting.name).state == "queued"
    assert run_cache.is_offered()

    assert begun == []


def test_a_visit_to_another_page_starts_nothing(waiting, begun, open_page):
    assert not open_page("pages/segment.py").exception

    assert begun == []


def test_whoever_opens_train_lets_the_next_training_begin(waiting, begun, open_page):
    at = open_page("pages/train.py")

    assert not at.exception
    assert begun == [waiting.name]
    assert status_entries(waiting)["state"] == "running"


def test_thirty_who_watch_try_once_and_see_at_once_what_began(waiting, begun, monkeypatch):
    monkeypatch.setattr(run_cache, "FRESH_S", 3600.0)
    assert run_cache.run_status(waiting.name).state == "queued"

    for _ in range(30):
        tick()

    assert begun == [waiting.name]
    assert run_cache.run_status(waiting.name).state == "running"
