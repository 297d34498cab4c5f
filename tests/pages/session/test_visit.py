import gc
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from pages.cache import store
from pages.cache.rocks import open_source
from pages.session.visit import Visit
from sandseg.export.tiff import write_image
from sandseg.uploads import workspace


@pytest.fixture
def visit(tmp_path, monkeypatch):
    """A visit, and a stack of its own that is open in the store."""
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path))
    visit = Visit()
    path = workspace.new_folder(visit.folder) / "stack.tif"
    write_image(path, np.zeros((1, 4, 6), np.uint8))
    open_source(str(path))
    assert is_open(visit.folder)
    return [visit]


def is_open(folder):
    return any(Path(f.path).is_relative_to(folder) for f in psutil.Process().open_files())


def wait_until_closed(folder):
    end = time.monotonic() + 10
    while is_open(folder):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_visit_that_ends_leaves_no_file_open(visit):
    folder = visit[0].folder

    visit.clear()
    gc.collect()

    wait_until_closed(folder)


@pytest.mark.timeout(30)
def test_the_collector_may_end_a_visit_in_a_thread_that_works_on_the_store(visit):
    folder = visit[0].folder

    with store._store._lock:
        visit.clear()
        gc.collect()

    wait_until_closed(folder)
