"""Labels of the visitor's own, also where it must be asked what they mean or belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from pages.cache.rocks import Work, hold, open_source
from pages.components.uploader.uploader import ask_upload
from pages.panels.refusals import show_refusal
from pages.session import state
from pages.session.state import Source
from pages.session.visit import visit
from pages.words.numbers import plain
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import LabelError, SandsegError, named
from sandseg.export.tiff import write_labels
from sandseg.scan.formats import LABEL_KINDS, LABEL_SUFFIXES
from sandseg.scan.labels.coding import Coding, coding_of
from sandseg.scan.labels.files import open_label_values
from sandseg.scan.labels.read import map_labels, values_in
from sandseg.scan.labels.slices import parse_label_slices, place_slices, positions_by_name
from sandseg.scan.stack import Stack
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import Taken, take_labels
from sandseg.uploads.receive import LABELS_BYTES, Arrived, Wanted

MOST_VALUES = 8  # that can be given a meaning by hand
REFUSAL = "labels_refusal"
READING = Work("Reading labels of this size", 30)
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
    brought = {file.name: file.path for file in files}
    stack = open_source(source.place)
    taken = take_labels(brought, folder / "labels.tif", len(classes), stack)
    for file in files:
        file.path.unlink()
    workspace.require_room(folder, 0)  # only now is it known how large they are
    with open_label_values(taken.path, name).stack as raw:
        with hold(source.place, READING):
            found = _understand(source, taken, raw, classes)
        if found.is_known:
            state.keep_labels(source, _with_labels(source, found, raw, classes))
    _files()[source.id] = found


def _understand(
    source: Source, taken: Taken, raw: Stack, classes: Sequence[SegmentationClass]
) -> LabelFile:
    """Look at the values of a label file.

    Raises:
        SandsegError: It has too many values.
    """
    n_slices, n_classes = open_source(source.place).n_slices, len(classes)
    is_for_some = raw.n_slices < n_slices
    is_one_file = not source.upload or source.upload.n_files == 1  # else it has other numbers
    can_be_told = is_for_some and is_one_file
    slices = _slices_by_name(taken.names, n_slices) if can_be_told else ""
    found = LabelFile(
        taken.path,
        raw.name,
        {},
        True,
        taken.notes,
        taken.warnings,
        taken.colors,
        raw.n_slices,
        is_for_some,
        slices,
    )
    if taken.is_colored:  # these are labels already, and are kept as such
        write_labels(taken.path, raw.slices(), classes)
        return replace(found, is_known=not is_for_some)
    values = values_in(raw.slices())
    coding = _coding(values, raw.name, n_classes) if not taken.colors else None
    meanings = _first_meanings(values, coding, n_classes)
    if taken.colors:  # no color is more likely one class than another
        meanings = dict.fromkeys(set(meanings) - {IGNORED}, IGNORED)
    notes = (*taken.notes, coding.note) if coding and coding.note else taken.notes
    is_known = coding is not None and not is_for_some
    return replace(found, meanings=meanings, is_known=is_known, notes=notes)


def _coding(values: np.ndarray, name: str, n_classes: int) -> Coding | None:
    """Tell what values mean; None where the visitor is to be asked.

    Raises:
        LabelError: There are too many to ask about.
    """
    try:
        with named(name):
            return coding_of(values, n_classes)
    except LabelError:
        if len(values) > MOST_VALUES or not np.array_equal(values, np.rint(values)):
            raise
        return None


def _slices_by_name(names: Sequence[str], n_slices: int) -> str:
    """Return the slices that the names of label files tell, as a visitor would write them."""
    if not names:
        return ""
    try:
        return ", ".join(str(z + 1) for z in positions_by_name(names, n_slices))
    except LabelError:
        return ""


def _first_meanings(values: np.ndarray, coding: Coding | None, n_classes: int) -> dict[int, int]:
    """Return the label the app reads from each value; where it cannot tell, one after another."""
    numbers = [int(value) for value in values.tolist() if not np.isnan(value)]
    if coding:
        return {number: coding.labels[number] for number in numbers}
    return {number: i if i < n_classes else IGNORED for i, number in enumerate(numbers)}


def _apply(source: Source, classes: Sequence[SegmentationClass]) -> None:
    """Compare with the labels as the visitor reads them."""
    found = _files()[source.id]
    meanings = {value: st.session_state[_meaning_key(found, value)] for value in found.meanings}
    slices = st.session_state.get(_slices_key(found), "") if found.is_for_some else ""
    try:
        _require_a_class(meanings)
        found = replace(found, meanings=meanings, is_known=True, slices=slices)
        with open_label_values(found.path, found.name).stack as raw:
            path = _with_labels(source, found, raw, classes)
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    _files()[source.id] = found
    state.keep_labels(source, path)


def _with_labels(
    source: Source, found: LabelFile, raw: Stack, classes: Sequence[SegmentationClass]
) -> Path:
    """Write the labels that values mean, a slice at a time; return where they are.

    Raises:
        LabelError: The slices that they belong to are not those of the stack.
    """
    if not found.meanings and not found.is_for_some:
        return found.path
    meanings = {IGNORED: IGNORED} | found.meanings
    with named(found.name), hold(source.place, READING):
        labels = (map_labels(one, meanings) if found.meanings else one for one in raw.slices())
        if found.is_for_some:
            n_slices = open_source(source.place).n_slices
            positions = parse_label_slices(found.slices)
            labels = place_slices(labels, raw.shape, positions, n_slices)
        path = workspace.new_folder(visit().folder) / "labels.tif"
        write_labels(path, labels, classes)
    return path


def _require_a_class(meanings: dict[int, int]) -> None:
    if meanings and set(meanings.values()) == {IGNORED}:
        raise LabelError(
            "Nothing of these labels is a class yet.",
            hint='Choose a class for each, or "not labelled" for what is none.',
        )


def _meaning_key(found: LabelFile, value: int) -> str:
    return f"meaning-{found.path.parent.name}-{value}"


def _slices_key(found: LabelFile) -> str:
    return f"label-slices-{found.path.parent.name}"


def _files() -> dict[str, LabelFile]:
    return st.session_state.setdefault("own_label_files", {})
