"""What the page Browse computes once and keeps; the rules are those of `cache`."""

from typing import Literal

import numpy as np
import streamlit as st

from pages.cache import slices as cache
from pages.cache.store import kept
from pages.cache.view import Task
from sandseg.export import cuts, overlay
from sandseg.export.pictures import encode_jpeg, encode_palette_png, encode_png
from sandseg.grey.appearance import Look, look_at, slices_to_look_at
from sandseg.grey.display import to_display
from sandseg.grey.histograms import shares_of
from sandseg.grey.mapping import GreyMapping, sample_values
from sandseg.grey.survey import Survey, count_greys, spread_slices, survey_stack
from sandseg.grey.verdict import Verdict, judge
from sandseg.model.usual import usual_for

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
    return encode_palette_png(_true(task, truth)[z], cache.model(task.model_name).classes)


@kept(max_entries=2)
def _volume(task: Task) -> np.ndarray:
    mapping = _mapping(task)
    with st.spinner("Reading all slices for the side views …"):
        return cuts.display_volume(cache.open_source(task.source), mapping.low, mapping.high)


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


def side_scale(task: Task) -> float:
    """Return how many screen pixels a voxel of the side views gets."""
    depth, height, width = cache.open_source(task.source).shape
    return cuts.scale_to_fit([(depth, width), (depth, height)], SIDE_HEIGHT, SIDE_WIDTH)


def _cut(task: Task, truth: str, plane: Plane, at: int, hidden: tuple[int, ...]) -> np.ndarray:
    """A cut in color, (Z, N, 3) uint8, or in grey where there are no labels: (Z, N)."""
    cut = cuts.cut_xz if plane == "XZ" else cuts.cut_yz
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
    return count_greys(_greys(task, z), labels, len(cache.model(task.model_name).classes))


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
        return survey_stack(stack, mapping.low, mapping.high, labels, n_classes)


def thumbnail_slices(n_slices: int) -> list[int]:
    """Return the slices the contact sheet shows."""
    return spread_slices(n_slices, N_THUMBNAILS)


@kept()
def contact_sheet(task: Task) -> bytes:
    """Draw slices of the whole stack side by side, numbered from one.

    Raises:
        StackError: A slice is damaged.
    """
    slices = thumbnail_slices(cache.open_source(task.source).n_slices)
    pictures = [_greys(task, z) for z in slices]
    titles = [str(z + 1) for z in slices]
    return encode_jpeg(cuts.contact_sheet(pictures, titles, N_COLUMNS, SHEET_WIDTH))


def verdict(task: Task) -> Verdict:
    """Judge a stack by some of its slices, as the command line does."""
    mapping = cache.mapping_of(task)
    usual = usual_for(cache.model(task.model_name))
    voxel_size_um = cache.open_source(task.source).voxel_size_um
    return judge(mapping, _looks(task), usual, voxel_size_um, cache.zoom_of(task))


@kept()
def _looks(task: Task) -> list[Look]:
    stack, classes = cache.open_source(task.source), cache.model(task.model_name).classes
    mapping = cache.mapping_of(task)
    looks = []
    for z in slices_to_look_at(stack.n_slices):
        found, grey = cache.prediction(task, z), mapping.apply(stack.read_slice(z))
        zoom = cache.zoom_of(task)
        looks.append(look_at(grey, found.labels, found.confidence, classes, zoom))
    return looks


@kept()
def grey_shares(source: str, low: float, high: float) -> np.ndarray:
    """Return the (256,) shares of a stack's grey values once they are mapped."""
    return shares_of(sample_values(cache.open_source(source)), (low, high))


@kept()
def exact_grey(
    source: str, z: int, model_name: str, model_sha256: str, grey: str = "auto"
) -> bytes:
    """Encode a slice on the model's grey scale as a PNG: several times the bytes of a JPEG.

    Raises:
        StackError: The slice is damaged.
    """
    mapping = cache.grey_mapping(source, model_name, model_sha256, grey)
    image = cache.open_source(source).read_slice(z)
    return encode_png(to_display(image, mapping.low, mapping.high))
