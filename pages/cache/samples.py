"""Where the sample lies in the slices of a stack, found once for all visitors."""

import numpy as np

from pages.cache.rocks import LOOKING, hold, open_source
from pages.cache.store import kept
from pages.cache.task import Task
from sandseg.grey.finder import SampleFinder, finder_for
from sandseg.measure.outline import outline_of


def finder_of(task: Task) -> SampleFinder:
    """Return what finds the sample in the slices of a task."""
    return _finder_of(task.source, task.treatment.sample)


@kept()
def _finder_of(source: str, sample: str) -> SampleFinder:
    with hold(source, LOOKING):
        return finder_for(open_source(source), sample)


def sample_of(task: Task, z: int) -> np.ndarray:
    """Return where the sample lies in a slice, (Y, X) bool."""
    return _sample_of(task.source, task.treatment.sample, z)


@kept()
def _sample_of(source: str, sample: str, z: int) -> np.ndarray:
    finder = _finder_of(source, sample)
    with hold(source, LOOKING):
        return finder.find(open_source(source).read_slice(z))


def outline_in(task: Task, z: int) -> tuple[np.ndarray, ...]:
    """Return the outline of the sample in a slice: polygons of points (x, y), see `outline_of`."""
    return _outline_in(task.source, task.treatment.sample, z)


@kept()
def _outline_in(source: str, sample: str, z: int) -> tuple[np.ndarray, ...]:
    found = _sample_of(source, sample, z)
    with hold(source, LOOKING):
        return outline_of(found)
