"""Slices and labels of the visitor's own to learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import streamlit as st

from pages.components.uploader.uploader import ask_upload
from pages.panels.refusals import show_refusal
from pages.session import state
from pages.session.visit import visit
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import LabelError, SandsegError, StackError, named
from sandseg.export.names import safe_name
from sandseg.export.tiff import write_labels
from sandseg.scan.formats import FILE_KINDS, FILE_SUFFIXES, open_stack
from sandseg.scan.labels.colors import SANDSTONE_RGB
from sandseg.scan.labels.read import map_labels
from sandseg.scan.labels.slices import parse_label_slices
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import Taken, take_each
from sandseg.uploads.receive import LABELS_BYTES, Arrived, Wanted

MOST_VALUES = 9  # of labels: eight classes, and one for pixels nobody labelled
KEPT, REFUSAL = "training_files", "training_files_refusal"


@dataclass(frozen=True)
class OwnFiles:
    """What was uploaded: a TIFF or a folder of them each.

    `values` are those of the labels as they are stored, none for colored ones.
    """

    images: str = ""
    labels: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)
    n_labels: int = 0
    values: tuple[int, ...] = field(default=())

    @property
    def is_complete(self) -> bool:
        """Whether there are both slices and labels."""
        return bool(self.images and self.labels)

    @property
    def has_labels_for_some(self) -> bool:
        """Whether there is one stack, and labels of fewer slices than it has."""
        return self.is_complete and Path(self.images).is_file() and self.n_labels < self.shape[0]

    @property
    def n_classes(self) -> int:
        """How many classes the labels seem to tell apart."""
        return min(max(len(set(self.values) - {IGNORED}), 2), 8) if self.values else 4

    def is_understood(self, n_classes: int) -> bool:
        """Whether the values are 0 to C-1, or 1 to C with 0 for "not labelled", or colors."""
        known = set(self.values) - {IGNORED}
        return not self.values or (len(known) > 1 and min(known) >= 0 and max(known) <= n_classes)


def own_files() -> OwnFiles:
    """Return what the visitor uploaded so far."""
    return st.session_state.get(KEPT, OwnFiles())


def label_slices() -> tuple[int, ...]:
    """Return which slices the visitor says are labelled, counted from 0; empty: names say it.

    Raises:
        LabelError: What they wrote names no slices.
    """
    found = own_files()
    written = st.session_state.get(_slices_key(found), "") if found.has_labels_for_some else ""
    return parse_label_slices(written)


def _slices_key(found: OwnFiles) -> str:
    return f"label-slices-{Path(found.labels).parent.name}"


def ask_files() -> None:
    """Ask for slices and their labels."""
    found = own_files()
    _uploader("Slices", "images", None, _keep_images)
    if found.images:
        n_slices, height, width = found.shape
        st.caption(f"{n_slices} slice{'s' * (n_slices != 1)} of {height} × {width} pixels.")
    _uploader("Labels of the same slices", "labels", LABELS_BYTES, _keep_labels)
    if found.labels:
        values = ", ".join(map(str, found.values)) or "colors"
        st.caption(f"{found.n_labels} labelled, with the values {values}.")
    if found.has_labels_for_some:
        st.text_input(
            "Slices these labels belong to",
            key=_slices_key(found),
            placeholder="as their names say",
            help="Counted from 1, in the order of the label files: 3, 7, 12 or 3-6.",
            persist_state="session",
        )
    if refusal := state.pop_refusal(REFUSAL):
        show_refusal(refusal)


def ask_meanings(classes: Sequence[SegmentationClass]) -> None:
    """Ask which class each value of the labels means, where the values do not say it."""
    found = own_files()
    if found.is_understood(len(classes)):
        return
    st.info("What do the values of these labels mean?", icon=":material/help:")
    names = {material.value: material.name for material in classes} | {IGNORED: "not labelled"}
    folder = Path(found.labels).parent.name
    with st.form(f"training-meanings-{folder}", border=False):
        for i, value in enumerate(found.values):
            st.selectbox(
                f"Value {value} is",
                list(names),
                index=min(i, len(classes)),
                format_func=names.get,
                key=f"training-meaning-{folder}-{value}",
            )
        st.form_submit_button("Use these meanings", on_click=_apply, args=(found, tuple(classes)))


def _uploader(
    label: str, kind: str, n_bytes: int | None, keep: Callable[[Sequence[Arrived]], None]
) -> None:
    ask_upload(
        label,
        f"training-{kind}",
        Wanted(FILE_SUFFIXES, True, n_bytes, FILE_KINDS),
        keep,
        refusal_key=REFUSAL,
        help="One stack, or one file for each slice; then a slice and its labels have the same "
        "name. Labels: 0, 1, 2 … one value for each class, or 1, 2, 3 … with 0 for unlabelled "
        "pixels, or the sandstone's colors.",
    )


def _decode(files: Sequence[Arrived], n_classes: int | None = None) -> list[Taken]:
    """Decode each file, under the visitor's own name, in the process that is held down."""
    folder, named = files[0].path.parent, {}
    for file in files:
        name = f"{Path(safe_name(file.name)).stem}.tif"
        if name in named:
            raise StackError(f"Two files are called {name}.", hint="Give each file its own name.")
        named[name] = file.path
    taken = take_each(named, [folder / name for name in named], n_classes)
    for path in named.values():
        path.unlink()
    workspace.require_room(folder, 0)  # only now is it known how large they are
    return taken


def _place(taken: Sequence[Taken]) -> Path:
    """Return what a training reads: the only file, or the folder of all of them."""
    return taken[0].path if len(taken) == 1 else taken[0].path.parent


def _keep_images(files: Sequence[Arrived]) -> None:
    taken = _decode(files)
    n_slices = sum(one.shape[0] for one in taken)
    shape = (n_slices, *min(one.shape[1:] for one in taken))
    st.session_state[KEPT] = replace(own_files(), images=str(_place(taken)), shape=shape)


def _keep_labels(files: Sequence[Arrived]) -> None:
    taken = _decode(files, len(SANDSTONE_RGB))
    values = set().union(*(_values(one.path) for one in taken if not one.is_colored))
    if len(values) > MOST_VALUES:
        raise LabelError(
            f"The labels hold {len(values)} different values, but there are at most 8 classes.",
            hint="Check that these are the labels and not the slices.",
        )
    st.session_state[KEPT] = replace(
        own_files(),
        labels=str(_place(taken)),
        n_labels=sum(one.shape[0] for one in taken),
        values=tuple(sorted(values)),
    )


def _values(path: Path) -> set[int]:
    """Return the values of a label file."""
    with open_stack(path, path.name) as stack:
        slices = [np.unique(stack.read_slice(z)) for z in range(stack.n_slices)]
    values = np.unique(np.concatenate(slices))
    if not np.array_equal(values, np.rint(values)):
        raise LabelError(
            f"{path.name} holds fractions, but a label is a whole number.",
            hint="Export the labels as 8-bit integers, one value for each class.",
        )
    return set(values.astype(int).tolist())


def _apply(found: OwnFiles, classes: Sequence[SegmentationClass]) -> None:
    """Write the labels anew as the visitor reads them; say so where they cannot be."""
    try:
        _write_anew(found, classes)
    except SandsegError as error:
        st.session_state[REFUSAL] = error


def _write_anew(found: OwnFiles, classes: Sequence[SegmentationClass]) -> None:
    place, folder = Path(found.labels), workspace.new_folder(visit().folder)
    keys = {value: f"training-meaning-{place.parent.name}-{value}" for value in found.values}
    meanings = {value: st.session_state[key] for value, key in keys.items()}
    paths = sorted(place.iterdir()) if place.is_dir() else [place]
    for path in paths:
        with open_stack(path, path.name) as stack:
            labels = (map_labels(image, meanings) for image in stack.slices())
            with named(path.name):
                write_labels(folder / path.name, labels, classes)
    st.session_state[KEPT] = replace(
        found,
        labels=str(folder if place.is_dir() else folder / place.name),
        values=tuple(sorted(set(meanings.values()) | {0, 1})),
    )
