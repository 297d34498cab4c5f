"""How the voxels of a raw file lie: asked for, and checked against the size of the file."""

from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.session import state
from pages.words.numbers import plain
from sandseg.scan.raw.file_name import RawGuess, guess_layout
from sandseg.scan.raw.layout import RawFormat
from sandseg.uploads import kept

TYPES = {
    "u1": "8 bit",
    "<u2": "16 bit",
    ">u2": "16 bit, big-endian",
    "i1": "8 bit signed",
    "<i2": "16 bit signed",
    ">i2": "16 bit signed, big-endian",
    "<u4": "32 bit",
    ">u4": "32 bit, big-endian",
    "<i4": "32 bit signed",
    ">i4": "32 bit signed, big-endian",
    "<f4": "32 bit float",
    ">f4": "32 bit float, big-endian",
    "<f8": "64 bit float",
    ">f8": "64 bit float, big-endian",
}


@st.fragment
def ask_layout(folder: Path, question: str, model_name: str | None) -> None:
    """Ask how the voxels of an upload lie, and open it once that goes with its size."""
    files = kept.originals(folder)
    sizes = {path.stat().st_size for path in files.values()}
    name, n_bytes = next(iter(files)), min(sizes)
    likely = _likely(folder, name, n_bytes)
    with st.container(border=True):
        st.markdown(f"{plain(question)} **Please say it.**")
        layout = _ask(likely, folder.name, len(files))
        fits = _say_whether_it_fits(layout, sizes, len(files))
        if st.button(
            "Open these voxels", type="primary", disabled=not fits, key=f"open-raw-{folder.name}"
        ):
            state.open_file(folder, {}, model_name, layout)
            st.rerun()


def _likely(folder: Path, name: str, n_bytes: int) -> tuple[RawGuess, int]:
    """Return what was said before, else what the name says, and the bytes before the voxels."""
    known = kept.find(f"{folder.parent.name}.{folder.name}")
    if known and known.layout:
        n_slices, height, width = known.layout.stack_shape
        guess = RawGuess(width, height, n_slices, known.layout.dtype)
        return guess, known.layout.n_header_bytes
    return guess_layout(name, n_bytes), 0


def _ask(likely: tuple[RawGuess, int], key: str, n_files: int) -> RawFormat | None:
    """Return what the visitor says, None while something is missing."""
    guess, n_header_bytes = likely
    left, middle, right = st.columns(3, gap="small")
    width = _number(left, "Width", guess.width, key)
    height = _number(middle, "Height", guess.height, key)
    if n_files > 1:
        right.markdown(f"{n_files} files, a slice each")
        n_slices = 1
    else:
        n_slices = _number(right, "Number of slices", guess.n_slices, key)
    kinds = list(TYPES)
    kind = st.selectbox(
        "Type of a voxel",
        kinds,
        index=kinds.index(_written(guess.dtype)) if guess.dtype is not None else None,
        format_func=TYPES.get,
        placeholder="16 bit is usual",
        key=f"raw-type-{key}",
    )
    header = _number(
        st.container(), "Bytes before the voxels (header)", n_header_bytes, key, least=0
    )
    if None in (width, height, n_slices, kind, header):
        return None
    return RawFormat((n_slices, height, width), np.dtype(kind), header)


def _written(dtype: np.dtype) -> str:
    return dtype.str.lstrip("|")


def _number(
    place: DeltaGenerator, label: str, value: int | None, key: str, least: int = 1
) -> int | None:
    return place.number_input(label, least, None, value, step=1, key=f"raw-{label}-{key}")


def _say_whether_it_fits(layout: RawFormat | None, sizes: set[int], n_files: int) -> bool:
    """Say how many bytes the answers make, and how many there are."""
    n_there = min(sizes)
    if len(sizes) > 1:
        st.warning(
            f"The files differ in size, from {n_there:,} to {max(sizes):,} bytes; slices of one "
            "stack are alike.",
            icon=":material/warning:",
        )
        return False
    where = "the file has" if n_files == 1 else "each file has"
    if layout is None:
        st.caption(f"Something is missing yet; {where} {n_there:,} bytes.")
        return False
    needed = layout.n_file_bytes
    words = f"These make {needed:,} bytes; {where} {n_there:,}."
    if needed == n_there:
        st.caption(f":material/check: {words}")
        return True
    more = layout.slices_in(n_there)
    st.warning(words + (f" With {more:,} slices it would fit." if more and n_files == 1 else ""))
    return False
