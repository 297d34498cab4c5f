"""Labels of the visitor's own, also where the file's values are not the ones the app knows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from pages.cache.rocks import open_source, true_labels
from pages.components.uploader.uploader import ask_upload
from pages.panels.refusals import show_refusal
from pages.session import state
from pages.session.state import Source
from pages.session.visit import visit
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import LabelError, SandsegError, named
from sandseg.export.tiff import write_labels
from sandseg.scan.formats import LABEL_KINDS, LABEL_SUFFIXES, open_stack
from sandseg.scan.labels import check_same_shape, decode_labels, map_labels
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import Taken, take_labels
from sandseg.uploads.receive import LABELS_BYTES, Arrived, Wanted

MOST_VALUES = 8  # that can be given a meaning by hand
REFUSAL = "labels_refusal"


@dataclass(frozen=True)
class LabelFile:
    """An uploaded label file, decoded.

    `meanings` has a label for each value in it, none for a colored file; `is_known` where that is
    more than a guess; `doubts` say what the file has changed.
    """

    path: Path
    name: str
    meanings: dict[int, int]
    is_known: bool
    doubts: tuple[str, ...] = ()


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
            st.warning(doubt, icon=":material/warning:")
        if found and 0 < len(found.meanings) <= MOST_VALUES:
            _show_meanings(source, found, classes)
    if refusal := state.pop_refusal(REFUSAL):
        show_refusal(refusal)
    return truth


def _show_meanings(source: Source, found: LabelFile, classes: Sequence[SegmentationClass]) -> None:
    """Ask which class each value of the file means."""
    if not found.is_known:
        st.info("What do the values of these labels mean?", icon=":material/help:")
    names = {material.value: material.name for material in classes} | {IGNORED: "not labelled"}
    with st.form(f"meanings-{found.path.parent.name}", border=False):
        for i, (value, label) in enumerate(found.meanings.items()):
            if i % 2 == 0:
                pair = st.columns(2, gap="small")
            pair[i % 2].selectbox(
                f"Value {value} is",
                names,
                index=list(names).index(label),
                format_func=names.get,
                key=_meaning_key(found, value),
            )
        st.form_submit_button("Compare with these", on_click=_apply, args=(source, classes))


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
    raw = _read_raw(taken.path, name)
    check_same_shape(open_source(source.place), raw)
    n_classes = len(classes)
    if taken.is_colored:  # these are labels already, and are kept as such
        write_labels(taken.path, raw, classes)
        return LabelFile(taken.path, name, {}, True, taken.warnings)
    values = np.unique(raw)
    try:
        true_labels(str(taken.path), name, n_classes)
        is_known = True
    except LabelError:
        if len(values) > MOST_VALUES or not np.array_equal(values, np.rint(values)):
            raise
        is_known = False
    meanings = _first_meanings(values, is_known, n_classes)
    return LabelFile(taken.path, name, meanings, is_known, taken.warnings)


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
    try:
        with named(found.name):
            labels = map_labels(_read_raw(found.path, found.name), meanings)
        path = workspace.new_folder(visit().folder) / "labels.tif"
        write_labels(path, labels, classes)
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    _files()[source.id] = replace(found, meanings=meanings, is_known=True)
    state.keep_labels(source, path)


def _read_raw(path: Path, name: str) -> np.ndarray:
    """Read the values (Z, Y, X) of a label file that was decoded."""
    with open_stack(path, name) as stack:
        return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


def _meaning_key(found: LabelFile, value: int) -> str:
    return f"meaning-{found.path.parent.name}-{value}"


def _files() -> dict[str, LabelFile]:
    return st.session_state.setdefault("own_label_files", {})
