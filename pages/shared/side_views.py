"""The planes across the slices, XZ and YZ, and the voxel where all three planes meet."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import cache_browse
from pages.shared.cache import Task
from sandseg import planes
from sandseg.stack import Stack

X, Y = "x", "y"  # keys of sliders; they stand in the address too


@dataclass(frozen=True)
class Spot:
    """The row and column to cut at, and where on the page the two cuts are shown."""

    x: int
    y: int
    xz_place: DeltaGenerator
    yz_place: DeltaGenerator


def choose_spot(stack: Stack) -> Spot | None:
    """Ask where to cut; None for a stack that is not cut: a single slice, or a very large one."""
    if stack.n_slices == 1:
        return None
    if not planes.fits_in_memory(stack.shape):
        n_slices, height, width = stack.shape
        st.caption(
            f"Side views are drawn for stacks of up to {planes.LARGEST_VOLUME / 1e6:.0f} million "
            f"voxels. This one has {n_slices * height * width / 1e6:.0f} million, so it is shown "
            "slice by slice."
        )
        return None
    _, height, width = stack.shape
    xz_place = st.container(gap="xsmall")
    y = _choose("XZ is cut at y", Y, height)
    yz_place = st.container(gap="xsmall")
    x = _choose("YZ is cut at x", X, width)
    return Spot(x, y, xz_place, yz_place)


def take_spot(x: int, y: int) -> None:
    """Cut at a clicked pixel."""
    st.session_state[X], st.session_state[Y] = x, y


def show_side_views(
    task: Task, truth: str, z: int, spot: Spot, hidden: tuple[int, ...], n_slices: int
) -> None:
    """Draw both cuts, the first slice on top."""
    for plane, place, at in (
        ("XZ", spot.xz_place, f"y {spot.y}"),
        ("YZ", spot.yz_place, f"x {spot.x}"),
    ):
        picture, width = cache_browse.side_picture(
            task, truth, plane, (z, spot.y, spot.x), tuple(sorted(hidden))
        )
        text = f"Cut {plane} across all {n_slices} slices at {at}, slice {z + 1} marked"
        place.image(picture, width=width, output_format="JPEG", alt=text)


def _choose(label: str, key: str, n: int) -> int:
    if n == 1:
        return 0
    if key in st.session_state and not 0 <= st.session_state[key] < n:
        del st.session_state[key]  # left over from a larger stack
    return st.slider(label, 0, n - 1, n // 2, key=key, bind="query-params")
