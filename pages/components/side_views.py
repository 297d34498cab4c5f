"""The planes across the slices, XZ and YZ, and the voxel where all three planes meet."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pages.cache.greys import side_picture, side_scale
from pages.cache.task import Task
from pages.components.modules import join_modules
from pages.session import address, state
from sandseg.export.cuts import LARGEST_VOLUME, fits_in_memory
from sandseg.scan.stack import Stack

X, Y = "x", "y"  # stand in the address
KEY = "side-views"
_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "sandseg_side_views",
    html='<div class="sides"></div>\n',
    css=(_HERE / "side_views.css").read_text("utf-8"),
    js=join_modules(_HERE / "side_views.js"),
)


def choose_spot(stack: Stack) -> tuple[int, int] | None:
    """Return where to cut, (x, y); None for a single slice, or a stack too large to be cut."""
    if stack.n_slices == 1:
        return None
    n_slices, height, width = stack.shape
    if not fits_in_memory(stack.shape):
        st.caption(
            f"Side views are drawn for stacks of up to {LARGEST_VOLUME / 1e6:.0f} million "
            f"voxels. This one has {n_slices * height * width / 1e6:.0f} million, so it is shown "
            "slice by slice."
        )
        return None
    return where_cut(X, width), where_cut(Y, height)


def take_spot(x: int, y: int) -> None:
    """Cut at a pixel."""
    st.session_state[X], st.session_state[Y] = x, y


def show_side_views(
    task: Task,
    truth: str,
    z: int,
    spot: tuple[int, int],
    hidden: tuple[int, ...],
    shape: tuple[int, int, int],
) -> None:
    """Draw both cuts, the first slice on top; their lines can be moved."""
    x, y = spot
    n_slices, height, width = shape
    scale = side_scale(task)
    views = []
    for plane, axis, n, along, cut in (
        ("XZ", X, width, x, f"y {y}"),
        ("YZ", Y, height, y, f"x {x}"),
    ):
        at = y if plane == "XZ" else x
        picture = side_picture(task, truth, plane, at, tuple(sorted(hidden)))
        views.append(
            {
                "plane": plane,
                "cut": f"cut at {cut}",
                "text": f"Cut {plane} across all {n_slices} slices at {cut}, slice {z + 1} marked",
                "picture": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}",
                "axis": axis,
                "at": [along, z],
                "n": [n, n_slices],
                "share": n / max(width, height),
                "widest": round(scale * max(width, height)),
            }
        )
    _mount(key=KEY, data=views, on_moved_change=lambda: _take(shape))


def where_cut(key: str, n: int) -> int:
    """Return where an axis is cut: as the address says if that is news, in the middle at first."""
    says = address.read(key)
    if says is not None:
        text = says[-1] if says else ""
        st.session_state[key] = int(text) if text.isdecimal() else n // 2
    at = st.session_state.get(key, n // 2)
    at = at if 0 <= at < n else n // 2  # left over from a larger stack
    address.write(key, [str(at)] if at != n // 2 else [])
    return at


def _take(shape: tuple[int, int, int]) -> None:
    """Go where a line was moved."""
    moved = (st.session_state.get(KEY) or {}).get("moved")
    if not isinstance(moved, Mapping):
        return
    n_slices, height, width = shape
    for key, n in ((X, width), (Y, height)):
        if _is_index(moved.get(key), n):
            st.session_state[key] = moved[key]
    if _is_index(moved.get("z"), n_slices):
        state.take_slice(moved["z"])


def _is_index(value: Any, n: int) -> bool:
    """Whether the browser sent a number that counts; it can send anything."""
    return isinstance(value, int) and 0 <= value < n
