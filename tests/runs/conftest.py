"""Folders for real processes, and their end."""

import os
from contextlib import contextmanager

import psutil
import pytest

from sandseg.atomic import read_json
from sandseg.lock import locked
from sandseg.runs.process import kill
from sandseg.runs.queue import LOCK


@contextmanager
def _trainings_in(folder):
    """Allow trainings in a folder; what still works in the end is ended, whatever failed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDSEG_RUNS", str(folder))
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        for name in ("SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN", "SANDSEG_DATA"):
            patch.delenv(name, raising=False)
        try:
            yield folder
        finally:
            with locked(folder / LOCK):  # so that none begins because another one ends
                for run in (path for path in folder.iterdir() if path.is_dir()):
                    kill(run)


@pytest.fixture
def runs_root(tmp_path_factory):
    """A folder of runs for one test."""
    with _trainings_in(tmp_path_factory.mktemp("runs")) as folder:
        yield folder


@pytest.fixture(scope="module")
def shared_runs_root(tmp_path_factory):
    """A folder of runs for all tests of a module."""
    with _trainings_in(tmp_path_factory.mktemp("runs")) as folder:
        yield folder


@pytest.fixture
def folder(tmp_path):
    """The folder of a job; what still runs in the end is stopped."""
    folder = tmp_path / "job"
    yield folder
    pid = read_json(folder / "process.json").get("pid", os.getpid())
    if pid != os.getpid() and psutil.pid_exists(pid):
        psutil.Process(pid).kill()
