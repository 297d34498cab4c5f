"""What the page Browse computes once and keeps; the rules are those of `cache`."""

from typing import Literal

import numpy as np
import streamlit as st

from pages.cache import slices as cache
from pages.cache.slices import Task
from pages.cache.store import kept
from sandseg.export import cuts as planes
from sandseg.export import overlay
from sandseg.export import tiff as export
from sandseg.export.cuts import Survey
from sandseg.grey.mapping import GreyMapping

Plane = Literal["XZ", "YZ"]

OPACITY = 0.6  # of the colors in the side views, as in the viewer
SIDE_HEIGHT, SIDE_WIDTH = 260, 440  # screen pixels at most, each side view
N_THUMBNAILS, N_COLUMNS, SHEET_WIDTH = 12, 4, 880


def _mapping(task: Task) -> GreyMapping:
    return cache.grey_mapping(task.source, task.model_name, task.model_sha256)


def _greys(task: Task, z: int) -> np.ndarray:
    return cache.grey_slice(task.source, z, _mapping(task))


def _true(task: Task, truth: str) -> np.ndarray:
    return cache.true_labels(truth, n_classes=len(cache.model(task.model_name).classes))


def grey_picture(task: Task, z: int) -> bytes:
    """Encode the grey values of a slice for the viewer; see `cache.grey_picture`."""
    return cache.grey_picture(task.source, z, _mapping(task))


@kept()
def label_picture(task: Task, z: int, truth: str) -> bytes:
    """Encode the true labels of a slice for the viewer."""
    return export.encode_palette_png(_true(task, truth)[z], cache.model(task.model_name).classes)


@kept(max_entries=2)
def _volume(task: Task) -> np.ndarray:
    mapping = _mapping(task)
    with st.spinner("Reading all slices for the side views …"):
        return planes.display_volume(cache.open_source(task.source), mapping.low, mapping.high)


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
    return export.encode_jpeg(
        planes.enlarge(_cut(task, truth, plane, at, hidden), side_scale(task))
    )


def side_scale(task: Task) -> float:
    """Return how many screen pixels a voxel of the side views gets."""
    depth, height, width = cache.open_source(task.source).shape
    return planes.scale_to_fit([(depth, width), (depth, height)], SIDE_HEIGHT, SIDE_WIDTH)


def _cut(task: Task, truth: str, plane: Plane, at: int, hidden: tuple[int, ...]) -> np.ndarray:
    """A cut in color, (Z, N, 3) uint8, or in grey where there are no labels: (Z, N)."""
    cut = planes.cut_xz if plane == "XZ" else planes.cut_yz
    picture = cut(_volume(task), at)
    if not truth:
        return picture
    classes = cache.model(task.model_name).classes
    shown = [material.value for material in classes if material.value not in hidden]
    return overlay.blend(picture, cut(_true(task, truth), at), classes, OPACITY, shown)


@kept()
def slice_counts(task: Task, z: int, truth: str) -> np.ndarray:
    """Count the grey values of a slice by class, as `planes.count_greys` does."""
    labels = _true(task, truth)[z] if truth else None
    return planes.count_greys(_greys(task, z), labels, len(cache.model(task.model_name).classes))


@kept()
def survey(task: Task, truth: str) -> Survey:
    """Look through the grey values of a stack.

    Raises:
        StackError: A slice is damaged.
    """
    mapping, labels = _mapping(task), _true(task, truth) if truth else None
    n_classes = len(cache.model(task.model_name).classes)
    stack = cache.open_source(task.source)
    with st.spinner("Looking through the stack …"):
        return planes.survey_stack(stack, mapping.low, mapping.high, labels, n_classes)


def thumbnail_slices(n_slices: int) -> list[int]:
    """Return the slices the contact sheet shows."""
    return planes.spread_slices(n_slices, N_THUMBNAILS)


@kept()
def contact_sheet(task: Task) -> bytes:
    """Draw slices of the whole stack side by side, numbered from one.

    Raises:
        StackError: A slice is damaged.
    """
    slices = thumbnail_slices(cache.open_source(task.source).n_slices)
    pictures = [_greys(task, z) for z in slices]
    titles = [str(z + 1) for z in slices]
    return export.encode_jpeg(planes.contact_sheet(pictures, titles, N_COLUMNS, SHEET_WIDTH))
