"""The picture that is painted on: a slice, or a plane across the slices."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from pages.cache.greys import plane_picture
from pages.cache.rocks import stack_of
from pages.cache.slices import (
    DOUBT,
    LOW_CONFIDENCE,
    exact_grey,
    grey_picture,
    label_picture,
)
from pages.components.side_views import where_cut
from pages.components.viewer import Allowed, Display, Paint, Pane, Shown, viewer
from pages.lessons.lesson import Lesson
from pages.session import address, state
from pages.teaching.opening import address_of
from pages.words.scans import UNSURE
from sandseg.export.cuts import fits_in_memory

Axis = Literal["z", "y", "x"]
SLICES: Axis = "z"
PLANES = {SLICES: "Slices", "y": "XZ", "x": "YZ"}


def choose_axis(shape: tuple[int, int, int]) -> str:
    """Ask along which axis the planes follow one another, where there is a choice."""
    if shape[0] == 1 or not fits_in_memory(shape):
        return SLICES
    return address.segments("Plane", PLANES, "plane")


def choose_cut(axis: str, shape: tuple[int, int, int]) -> int:
    """Ask for a plane along axis "y" or "x", counted from 0; Browse cuts there, too."""
    n, key = shape["zyx".index(axis)], f"cut-{axis}"
    st.session_state[key] = where_cut(axis, n)
    return st.slider(
        f"Cut at {axis}",
        0,
        n - 1,
        key=key,
        format=f"{axis} %d of {n - 1}",
        label_visibility="collapsed",
        on_change=lambda: take_cut(axis, st.session_state[key]),
    )


def take_cut(axis: str, at: int) -> None:
    """Go to a plane by the viewer's keys."""
    st.session_state[axis] = at


def kept_slice(n_slices: int) -> int:
    """Return the slice that was shown last, and keep it while its slider is not on the page."""
    number = st.session_state.get(state.SLICE, n_slices // 2 + 1)
    st.session_state[state.SLICE] = number
    return min(number, n_slices) - 1


def show_slice(lesson: Lesson, z: int) -> None:
    """Show the slice to be painted on."""
    task = lesson.setting.task
    labels = label_picture(task, z) if lesson.setting.is_correction else None  # to begin with
    pane = Pane("Strokes", grey_picture(task, z), labels)
    _show(lesson, pane, ("z", z), partial(exact_grey, task, z), state.take_slice)


def show_plane(lesson: Lesson, axis: str, at: int) -> None:
    """Show the plane across the slices to be painted on."""
    pane = Pane("Strokes", plane_picture(lesson.setting.task, axis, at))
    _show(lesson, pane, (axis, at), None, partial(take_cut, axis))


def _show(
    lesson: Lesson,
    pane: Pane,
    plane: tuple[str, int],
    exact: Callable[[], bytes] | None,
    on_step: Callable[[int], None],
) -> None:
    """Show plane (axis, index) to be painted on."""
    axis, at = plane
    shape, classes = lesson.setting.shape, lesson.summary(0).classes
    voxel_size_um = stack_of(lesson.setting.task).voxel_size_um
    doubt = DOUBT[:3], LOW_CONFIDENCE, UNSURE
    viewer(
        [pane],
        Shown(at, shape["zyx".index(axis)], classes, voxel_size_um, exact, axis=axis),
        Display(clear_class=None, height=560, stepper=False),
        Allowed(on_step, paint=Paint(address_of(lesson), lesson.id, shape, doubt)),
        key=f"teach-viewer-{axis}",
    )
