"""What must be known of a visitor's file before it is a stack, and what may be put right after."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.panels.raw_voxels import ask_layout
from pages.session import state
from pages.session.state import Source
from pages.words.numbers import plain
from sandseg.scan.choices import Choices
from sandseg.scan.raw.file_name import UnknownLayoutError
from sandseg.scan.several.numbering import SeveralScansError

LABELS = {"series": "Image", "channel": "Channel", "time": "Time point"}
ALL = -1  # nothing is chosen, all is read as slices


def ask_about_file(model_name: str | None) -> None:
    """Let the visitor choose from a file that cannot be read as one stack."""
    pending = state.pending_file()
    if pending is None:
        return
    folder, error = pending
    if isinstance(error, UnknownLayoutError):
        ask_layout(folder, error.message, model_name)
        return
    if isinstance(error, SeveralScansError):
        _ask_how_many(folder, error, model_name)
        return
    with st.form("which-part"):
        st.markdown(f"{plain(error.message)} **Which one?**")
        chosen = _choose(error.choices, folder.name)
        if st.form_submit_button("Open", type="primary"):
            state.open_file(folder, chosen, model_name)
            st.rerun()


def _ask_how_many(folder: Path, error: SeveralScansError, model_name: str | None) -> None:
    """Ask whether files are slices of one stack, where they fit into one, or a scan each."""
    with st.container(border=True):
        question = "One stack of slices, or several scans?"
        if not error.can_be_one:
            question = "Are they several scans?"
        hint = "" if error.can_be_one else error.hint
        st.markdown(f"{plain(f'{error.message} {hint}')} **{question}**")
        with st.container(horizontal=True):
            if error.can_be_one and st.button("One stack", key=f"one-{folder.name}"):
                state.open_file(folder, {}, model_name, is_one=True)
                st.rerun()
            if st.button("Several scans", key=f"each-{folder.name}"):
                state.open_each(folder, model_name)
                st.rerun()
            if st.button("Neither", type="tertiary", key=f"neither-{folder.name}"):
                state.forget_pending()
                st.rerun()


def show_file(source: Source, model_name: str) -> None:
    """Show what was taken of a visitor's file, and let it be changed."""
    if source.upload is None:
        return
    upload = source.upload
    for warning in upload.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    box = st.expander(
        "How the file was read", icon=":material/tune:", key="read", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        for note in upload.notes:
            st.caption(plain(note))
        size = st.number_input(
            "Voxel size in µm",
            min_value=0.0,
            value=upload.voxel_size_um or 0.0,
            format="%.4g",
            help="The edge of a voxel; 0 where it is not known. It goes into all downloads.",
            key=f"voxel-{upload.id}",
        )
        if (size or None) != upload.voxel_size_um:
            state.set_voxel_size(source, size or None)
            st.rerun(scope="fragment")
        if not state.is_own(upload):
            return
        if upload.layout and st.button("Read the voxels another way", key=f"again-{upload.id}"):
            state.ask_layout_again(upload)
            st.rerun()
        if not upload.choices.open:
            return
        chosen = _choose(upload.choices, upload.id)
        if chosen != {k: c.chosen for k, c in upload.choices.open.items() if c.chosen is not None}:
            state.open_file(upload.folder, chosen, model_name)
            st.rerun()


def _choose(choices: Choices, key: str) -> Mapping[str, int]:
    """Ask for each thing the file leaves open; a choice that was left to the reader is missing."""
    chosen = {}
    for kind, choice in choices.open.items():
        names = dict(enumerate(choice.names))
        if choice.chosen is None:
            names = {ALL: "all, as slices", **names}
        options, taken = list(names), ALL if choice.chosen is None else choice.chosen
        number = st.selectbox(
            LABELS[kind],
            options,
            index=options.index(taken),
            format_func=names.get,
            key=f"{kind}-{key}",
        )
        if number != ALL:
            chosen[kind] = number
    return chosen
