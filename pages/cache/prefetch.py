"""Slices made ready before anybody asks: the rock all see first, as long as nobody waits."""

import atexit
import threading
import time

from pages.cache.errors import slice_evaluation
from pages.cache.greys import slice_counts
from pages.cache.models import find_model
from pages.cache.rocks import open_source
from pages.cache.slices import (
    error_picture,
    n_waiting,
    slice_phases,
    slice_pictures,
    true_picture,
)
from pages.cache.task import Task
from sandseg.errors import SandsegError

MOST_PIXELS = 8 * 2**20  # of a stack: some seconds of work, 60 MB of what is kept
LARGEST_SLICE = 2**18  # pixels: who comes meanwhile waits for the rest of one small slice at most
REST_S = 0.005  # after each slice, or as long as it took: whoever waits comes first
_is_over = threading.Event()


def start(task: Task, truth: str) -> threading.Thread | None:
    """Make the slices of a stack ready, the middle ones first; None where it is too large."""
    n_slices, height, width = open_source(task.source).shape
    if height * width > LARGEST_SLICE or n_slices * height * width > MOST_PIXELS:
        return None
    order = sorted(range(n_slices), key=lambda z: abs(z - n_slices // 2))
    thread = threading.Thread(target=_work, args=(task, truth, order), name="ahead", daemon=True)
    thread.start()
    atexit.register(end, thread)
    return thread


def end(thread: threading.Thread) -> None:
    """Wait for the slice at hand: Python must not end while a network computes."""
    _is_over.set()
    thread.join()


def _work(task: Task, truth: str, order: list[int]) -> None:
    for z in order:
        while n_waiting() and not _is_over.is_set():
            time.sleep(REST_S)
        if _is_over.is_set():
            return
        start = time.perf_counter()
        try:
            if find_model(task.model_name).sha256 != task.model_sha256:
                return  # it was replaced
            make_ready(task, z, truth)
        except SandsegError:
            return  # whoever asks for the slice is told
        _is_over.wait(max(REST_S, time.perf_counter() - start))


def make_ready(task: Task, z: int, truth: str) -> None:
    """Compute what the pages show first of a slice."""
    slice_pictures(task, z)
    slice_phases(task, z)
    slice_counts(task, z, truth)
    if truth:
        true_picture(task, z, truth)
        slice_evaluation(task, z, truth)
        error_picture(task, z, truth)
