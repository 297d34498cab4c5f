"""The rocks at hand, opened once for all visitors: samples, visitors' stacks, true labels."""

import time
from contextlib import AbstractContextManager
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pages.cache.store import kept
from pages.cache.task import Task
from sandseg.classes import SegmentationClass
from sandseg.data import samples
from sandseg.data.samples import Sample
from sandseg.data.sandstone_files import SPLIT
from sandseg.measure.sample import labels_inside
from sandseg.memory import budget
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.files import open_label_values
from sandseg.scan.stack import Stack

SAMPLES_KNOWN_S = 5.0  # looking for the files of all samples takes milliseconds
STACK_BYTES = 2**20  # an open file with its tables of pages


def first_slice() -> tuple[str, int]:
    """Return the sample and the slice a visitor sees first: real rock, where it is at hand."""
    found = list_samples()
    for sample in found:
        for number in SPLIT["test"]:  # no shipped model ever saw it
            if number in sample.numbers:
                return sample.key, sample.numbers.index(number)
    return found[0].key, open_source(found[0].key).n_slices // 2


def list_samples() -> tuple[Sample, ...]:
    """Return the samples at hand; looked for again every few seconds."""
    return _samples(time.monotonic() // SAMPLES_KNOWN_S)


def has_sandstone() -> bool:
    """Whether all slices of the real sandstone are at hand; looked for every few seconds."""
    return _has_sandstone(time.monotonic() // SAMPLES_KNOWN_S)


@kept()
def _samples(_period: float) -> tuple[Sample, ...]:
    return samples.list_samples()


@kept()
def _has_sandstone(_period: float) -> bool:
    return samples.has_sandstone()


def forget_samples() -> None:
    """Look for samples again at once: some were downloaded."""
    _samples.forget()
    _has_sandstone.forget()


@kept(key=lambda place, _name="": place, weight=STACK_BYTES)
def open_source(place: str, _name: str = "") -> Stack:
    """Open a sample by its key or a TIFF by its path.

    Raises:
        StackError: It cannot be read.
    """
    if Path(place).is_absolute():
        return open_stack(Path(place), name=_name)
    return samples.open_sample(place)


class Work(NamedTuple):
    """Work on a slice: how it is called, and the memory at its peak for each pixel of the slice."""

    name: str
    bytes_per_pixel: float


LOOKING = Work("Looking at a slice of this size", 32)
MEASURING = Work("Measuring a slice of this size", 20)
DRAWING = Work("Drawing a slice of this size", 20)
COMPARING = Work("Comparing slices of this size", 30)


def hold(place: str, work: Work) -> AbstractContextManager:
    """Hold the memory that work on a slice takes; see `memory.Budget.take`.

    Nothing that somebody else may be making is asked for inside: they may wait for this memory.
    """
    _, height, width = open_source(place).shape
    return budget.take(int(work.bytes_per_pixel * height * width), work.name)


def stack_of(task: Task, name: str = "") -> Stack:
    """Return a task's stack with the voxel size that holds for this visitor."""
    stack = open_source(task.source, name)
    return stack.with_voxel_size(task.voxel_size_um) if task.voxel_size_um else stack


@kept()
def slice_content(place: str, z: int) -> bytes:
    """Tell slices apart by what is in them: thirty students upload one file thirty times."""
    image = open_source(place).read_slice(z)
    facts = f"{image.dtype.str} {image.shape}".encode()
    return blake2b(np.ascontiguousarray(image), key=facts, digest_size=16).digest()


@kept(weight=STACK_BYTES)
def true_labels(place: str) -> Stack:
    """Open the labels of a sample, or those kept of a visitor's file, as a stack of slices.

    Raises:
        SandsegError: They cannot be read.
    """
    if Path(place).is_absolute():
        return open_label_values(Path(place)).stack
    return Stack.from_array(samples.sample_labels(place))


@kept()
def true_slice(truth: str, z: int) -> np.ndarray:
    """Return the true labels of a slice, (Y, X) uint8."""
    return true_labels(truth).read_slice(z)


@kept()
def true_sample(truth: str, z: int, classes: tuple[SegmentationClass, ...]) -> np.ndarray:
    """Return the true labels of a slice that scores are counted over: those of the sample."""
    return labels_inside(true_slice(truth, z), classes)
