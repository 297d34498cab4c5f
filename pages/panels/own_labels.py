"""Labels of the visitor's own, also where it must be asked what they mean or belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from pages.cache.rocks import open_source
from pages.components.uploader.uploader import ask_upload
from pages.panels.refusals import show_refusal
from pages.session import state
from pages.session.state import Source
from pages.session.visit import visit
from pages.words.numbers import plain
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import LabelError, SandsegError, named
from sandseg.export.tiff import write_labels
from sandseg.scan.formats import LABEL_KINDS, LABEL_SUFFIXES, open_stack
from sandseg.scan.labels.read import (
    check_same_shape,
    decode_labels,
    map_labels,
    read_labels_and_note,
)
from sandseg.scan.labels.slices import parse_label_slices, place_labels, positions_by_name
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import Taken, take_labels
from sandseg.uploads.receive import LABELS_BYTES, Arrived, Wanted

MOST_VALUES = 8  # that can be given a meaning by hand
REFUSAL = "labels_refusal"
_SWATCH = "display:inline-block;width:13px;height:13px;border-radius:3px;vertical-align:-2px"


@dataclass(frozen=True)
class LabelFile:
    """Uploaded labels, decoded: `path` has the values, or the numbers of `colors` ("#rrggbb").

    `meanings` has a label for each value, none where the colors were known; `slices` are those of
    the stack that the labels belong to, as the visitor counts them, "" for all in their order.
    `is_known` where nothing of it is a guess; `notes` and `doubts` say how the file was read.
    """

    path: Path
    name: str
    meanings: dict[int, int]
    is_known: bool
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    n_labels: int = 0
    is_for_some: bool = False
    slices: str = ""


def choose_labels(
    source: Source, classes: Sequence[SegmentationClass], is_aside: bool = False
) -> str:
    """Ask for labels and for the meaning of their values; return where they are, "" without.

    Args:
        source: What the labels belong to.
        classes: What they can mean.
        is_aside: The page is of use without labels, so nothing is opened to ask for them.
    """
    found = _files().get(source.id)
    truth = state.truth_of(source)
    is_needed = (not truth and not is_aside) or (found is not None and not found.is_known)
    title = "Labels: other ones, or your own" if truth else "Have labels? Compare"
    with st.expander(title, expanded=is_needed, icon=":material/label:"):
        ask_upload(
            "Labels of the same slices",
            "labels",
            Wanted(LABEL_SUFFIXES, True, LABELS_BYTES, LABEL_KINDS),
            partial(_take, source=source, classes=classes),
            refusal_key=REFUSAL,
            help="One file, a ZIP, or a file for each slice. Values 0 to 3 (air, clay, quartz, "
            "pyrite), 1 to 4 with 0 for unlabelled, or RGB. "
            f"For other values, {MOST_VALUES} at most, you are asked what they mean.",
        )
        for doubt in found.doubts if found else ():
            st.warning(plain(doubt), icon=":material/warning:")
        for note in found.notes if found else ():
            st.caption(plain(note))
        if found and (found.is_for_some or 0 < len(found.meanings) <= MOST_VALUES):
            _show_meanings(source, found, classes)
    if refusal := state.pop_refusal(REFUSAL):
        show_refusal(refusal)
    return truth


def _show_meanings(source: Source, found: LabelFile, classes: Sequence[SegmentationClass]) -> None:
    """Ask which class each value or color of the file means, and which slices it is of."""
    if not found.is_known:
        what = "colors" if found.colors else "values"
        st.info(_question(found, what), icon=":material/help:")
    names = {material.value: material.name for material in classes} | {IGNORED: "not labelled"}
    with st.form(f"meanings-{found.path.parent.name}", border=False):
        if found.is_for_some:
            st.text_input(
                f"Slices that these {found.n_labels} belong to",
                found.slices,
                key=_slices_key(found),
                placeholder="3, 7, 12",
                help="Counted from 1, in the order of the labels: 3, 7, 12 or 3-6.",
            )
        for i, (value, label) in enumerate(found.meanings.items()):
            if i % 2 == 0:
                pair = st.columns(2, gap="small")
            with pair[i % 2]:
                _ask_meaning(found, value, label, names)
        st.form_submit_button("Compare with these", on_click=_apply, args=(source, classes))


def _question(found: LabelFile, what: str) -> str:
    if not found.is_for_some:
        return f"What do the {what} of these labels mean?"
    n_labels = f"{found.n_labels} slice{'s' * (found.n_labels > 1)}"
    return f"These are labels of {n_labels} of the stack. Of which?"


def _ask_meaning(found: LabelFile, value: int, label: int, names: dict[int, str]) -> None:
    called = f"Value {value}"
    if found.colors:
        called = f"Color {found.colors[value]}"
        st.html(f'<i style="{_SWATCH};background:{found.colors[value]}"></i> {called[6:]} is')
    st.selectbox(
        f"{called} is",
        names,
        index=list(names).index(label),
        format_func=names.get,
        key=_meaning_key(found, value),
        label_visibility="collapsed" if found.colors else "visible",
    )


def _take(files: Sequence[Arrived], source: Source, classes: Sequence[SegmentationClass]) -> None:
    """Look at uploaded labels and compare a source with them, if they fit.

    Raises:
        SandsegError: They do not; all stays as it was.
    """
    folder = files[0].path.parent
    name = files[0].name if len(files) == 1 else f"{len(files)} label files"
    taken = take_labels(
        {file.name: file.path for file in files}, folder / "labels.tif", len(classes)
    )
    for file in files:
        file.path.unlink()
    workspace.require_room(folder, 0)  # only now is it known how large they are
    found = _understand(source, taken, name, classes)
    _files()[source.id] = found
    if found.is_known:
        state.keep_labels(source, found.path)


def _understand(
    source: Source, taken: Taken, name: str, classes: Sequence[SegmentationClass]
) -> LabelFile:
    """Look at the values of a label file and check that it fits.

    Raises:
        SandsegError: It has another size, or too many values.
    """
    raw, stack, n_classes = _read_raw(taken.path, name), open_source(source.place), len(classes)
    is_for_some = len(raw) < stack.n_slices
    check_same_shape(stack.part(0, len(raw) - 1) if is_for_some else stack, raw)
    is_one_file = not source.upload or source.upload.n_files == 1  # else it has other numbers
    can_be_told = is_for_some and is_one_file
    slices = _slices_by_name(taken.names, stack.n_slices) if can_be_told else ""
    found = LabelFile(
        taken.path,
        name,
        {},
        True,
        taken.notes,
        taken.warnings,
        taken.colors,
        len(raw),
        is_for_some,
        slices,
    )
    if taken.is_colored:  # these are labels already, and are kept as such
        write_labels(taken.path, raw, classes)
        return replace(found, is_known=not is_for_some)
    values = np.unique(raw)
    note, is_known = "", False
    if not taken.colors:
        try:
            note, is_known = read_labels_and_note(taken.path, name, n_classes)[1], True
        except LabelError:
            if len(values) > MOST_VALUES or not np.array_equal(values, np.rint(values)):
                raise
    meanings = _first_meanings(values, is_known, n_classes)
    if taken.colors:  # no color is more likely one class than another
        meanings = dict.fromkeys(set(meanings) - {IGNORED}, IGNORED)
    notes = (*taken.notes, note) if note else taken.notes
    return replace(found, meanings=meanings, is_known=is_known and not is_for_some, notes=notes)


def _slices_by_name(names: Sequence[str], n_slices: int) -> str:
    """Return the slices that the names of label files tell, as a visitor would write them."""
    if not names:
        return ""
    try:
        return ", ".join(str(z + 1) for z in positions_by_name(names, n_slices))
    except LabelError:
        return ""


def _first_meanings(values: np.ndarray, is_known: bool, n_classes: int) -> dict[int, int]:
    """Return the label the app reads from each value; where it cannot tell, one after another."""
    if is_known:
        labels = decode_labels(values[None], n_classes)[0].tolist()
    else:
        labels = [i if i < n_classes else IGNORED for i in range(len(values))]
    return {int(value): int(label) for value, label in zip(values, labels, strict=True)}


def _apply(source: Source, classes: Sequence[SegmentationClass]) -> None:
    """Compare with the labels as the visitor reads them."""
    found = _files()[source.id]
    meanings = {value: st.session_state[_meaning_key(found, value)] for value in found.meanings}
    slices = st.session_state.get(_slices_key(found), "") if found.is_for_some else ""
    try:
        labels = _read_raw(found.path, found.name)
        if meanings:
            _require_a_class(meanings)
            with named(found.name):
                labels = map_labels(labels, {IGNORED: IGNORED} | meanings)
        if found.is_for_some:
            n_slices = open_source(source.place).n_slices
            labels = place_labels(labels, parse_label_slices(slices), n_slices)
        path = workspace.new_folder(visit().folder) / "labels.tif"
        write_labels(path, labels, classes)
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    _files()[source.id] = replace(found, meanings=meanings, is_known=True, slices=slices)
    state.keep_labels(source, path)


def _require_a_class(meanings: dict[int, int]) -> None:
    if set(meanings.values()) == {IGNORED}:
        raise LabelError(
            "Nothing of these labels is a class yet.",
            hint='Choose a class for each, or "not labelled" for what is none.',
        )


def _read_raw(path: Path, name: str) -> np.ndarray:
    """Read the values (Z, Y, X) of a label file that was decoded."""
    with open_stack(path, name) as stack:
        return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


def _meaning_key(found: LabelFile, value: int) -> str:
    return f"meaning-{found.path.parent.name}-{value}"


def _slices_key(found: LabelFile) -> str:
    return f"label-slices-{found.path.parent.name}"


def _files() -> dict[str, LabelFile]:
    return st.session_state.setdefault("own_label_files", {})
