"""The grey values of a stack, looked through once: cuts, counts, overview, verdict."""

from math import prod
from typing import Literal

import numpy as np
import streamlit as st

from pages.cache.models import classes_of, find_model
from pages.cache.rocks import (
    DRAWING,
    LOOKING,
    MEASURING,
    Work,
    hold,
    open_source,
    stack_of,
    true_labels,
    true_slice,
)
from pages.cache.slices import (
    grey_slice,
    line_of,
    mapping_of,
    prediction_of,
    predictor_of,
    zoom_of,
)
from pages.cache.store import kept
from pages.cache.task import Task
from sandseg.export import cuts
from sandseg.export.overlay import blend
from sandseg.export.pictures import encode_jpeg
from sandseg.grey.appearance import Look, slices_with_sample
from sandseg.grey.histograms import shares_of
from sandseg.grey.sampling import sample_values
from sandseg.grey.survey import Survey, count_greys, spread_slices, survey_stack
from sandseg.grey.verdict import Verdict, judge
from sandseg.memory import budget
from sandseg.model.usual import usual_for

Plane = Literal["XZ", "YZ"]

OPACITY = 0.6  # of the colors in the side views, as in the viewer
SIDE_HEIGHT, SIDE_WIDTH = 260, 440  # screen pixels at most, each side view
SIDE_VIEWS = "Drawing the side views of a stack of this size"
N_THUMBNAILS, N_COLUMNS, SHEET_WIDTH = 12, 4, 880


def _as_shown(task: Task) -> tuple:
    line = line_of(task)
    return task.source, line.low, line.high


@kept(key=_as_shown)
def _volume(task: Task) -> np.ndarray:
    line = line_of(task)
    n_slices = open_source(task.source).n_slices
    reading = st.spinner("Reading all slices for the side views …")
    with reading, hold(task.source, Work(SIDE_VIEWS, n_slices + 20)):
        return cuts.display_volume(open_source(task.source), line.low, line.high)


@kept()
def side_picture(task: Task, truth: str, plane: Plane, at: int, hidden: tuple[int, ...]) -> bytes:
    """Encode a cut across the slices as a JPEG; both planes come on one scale.

    Args:
        task: Stack, and the model whose grey scale it is shown on.
        truth: Where the true labels are, "" without.
        plane: "XZ" or "YZ".
        at: Row or column the cut goes through.
        hidden: Labels that are not colored.

    Raises:
        StackError: A slice is damaged.
    """
    return encode_jpeg(cuts.enlarge(_cut(task, truth, plane, at, hidden), side_scale(task)))


def plane_grey(task: Task, axis: str, at: int) -> np.ndarray:
    """Return plane `at` along axis "y" or "x" as it is shown: (Z, X) or (Z, Y) uint8."""
    return (cuts.cut_xz if axis == "y" else cuts.cut_yz)(_volume(task), at)


@kept()
def plane_picture(task: Task, axis: str, at: int) -> bytes:
    """Encode a plane across the slices for the viewer, as `plane_grey` gives it."""
    return encode_jpeg(plane_grey(task, axis, at))


def side_scale(task: Task) -> float:
    """Return how many screen pixels a voxel of the side views gets."""
    depth, height, width = open_source(task.source).shape
    return cuts.scale_to_fit([(depth, width), (depth, height)], SIDE_HEIGHT, SIDE_WIDTH)


def _cut(task: Task, truth: str, plane: Plane, at: int, hidden: tuple[int, ...]) -> np.ndarray:
    """A cut in color, (Z, N, 3) uint8, or in grey where there are no labels: (Z, N)."""
    cut = cuts.cut_xz if plane == "XZ" else cuts.cut_yz
    picture = cut(_volume(task), at)
    if not truth:
        return picture
    classes = classes_of(task.model_name)
    shown = [material.value for material in classes if material.value not in hidden]
    return blend(picture, cut(_true_volume(truth), at), classes, OPACITY, shown)


@kept()
def _true_volume(truth: str) -> np.ndarray:
    """Read all true labels, (Z, Y, X): a cut goes through all slices."""
    labels = true_labels(truth)
    with budget.take(2 * prod(labels.shape), SIDE_VIEWS):
        return np.stack([*labels.slices()])


@kept()
def slice_counts(task: Task, z: int, truth: str) -> np.ndarray:
    """Count the grey values of a slice by class, as `survey.count_greys` does."""
    n_classes = len(classes_of(task.model_name))
    labels = true_slice(truth, z) if truth else None
    grey = grey_slice(task, z)
    with hold(task.source, MEASURING):
        return count_greys(grey, labels, n_classes)


@kept()
def survey(task: Task, truth: str) -> Survey:
    """Look through the grey values of a stack.

    Raises:
        StackError: A slice is damaged.
    """
    line, n_classes = line_of(task), len(classes_of(task.model_name))
    labels = true_labels(truth) if truth else None
    looking = st.spinner("Looking through the stack …")
    with looking, hold(task.source, LOOKING):
        return survey_stack(open_source(task.source), line.low, line.high, labels, n_classes)


def thumbnail_slices(n_slices: int) -> list[int]:
    """Return the slices the contact sheet shows."""
    return spread_slices(n_slices, N_THUMBNAILS)


@kept(key=_as_shown)
def contact_sheet(task: Task) -> bytes:
    """Draw slices of the whole stack side by side, numbered from one.

    Raises:
        StackError: A slice is damaged.
    """
    chosen = thumbnail_slices(open_source(task.source).n_slices)
    titles = [str(z + 1) for z in chosen]
    line_of(task)  # made before anything is held that it may have to wait for
    with hold(task.source, Work(DRAWING.name, 20 + len(chosen))):
        pictures = [grey_slice(task, z) for z in chosen]
        return encode_jpeg(cuts.contact_sheet(pictures, titles, N_COLUMNS, SHEET_WIDTH))


def verdict_on(task: Task) -> Verdict:
    """Judge a stack by some of its slices, as the command line does."""
    usual, voxel_size_um = usual_for(find_model(task.model_name)), stack_of(task).voxel_size_um
    return judge(mapping_of(task), _looks(task), usual, voxel_size_um, zoom_of(task))


@kept()
def _looks(task: Task) -> list[Look]:
    stack, predictor = open_source(task.source), predictor_of(task)
    looks = []
    for z in slices_with_sample(stack):
        found = prediction_of(task, z)
        with hold(task.source, LOOKING):
            looks.append(predictor.look_at(stack.read_slice(z), found))
    return looks


@kept(key=_as_shown)
def grey_shares(task: Task) -> np.ndarray:
    """Return the (256,) shares of a stack's grey values once they are mapped."""
    line = line_of(task)
    return shares_of(sample_values(open_source(task.source)), (line.low, line.high))
