"""What one visitor has chosen: names and paths, never pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from pages.cache.models import find_model
from pages.cache.rocks import list_samples, open_source
from pages.cache.slices import line_of
from pages.cache.store import forget_files_in
from pages.cache.task import Task
from pages.session import address
from pages.session.visit import own_key
from sandseg.errors import SandsegError, StackError
from sandseg.model.store import AUTO, DEFAULT_MODEL
from sandseg.ownership import is_signed_by, sign
from sandseg.scan.choices import AmbiguousStackError
from sandseg.scan.raw.file_name import UnknownLayoutError
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.scan.stack import check_values
from sandseg.uploads import kept, workspace
from sandseg.uploads.apart import take_apart
from sandseg.uploads.kept import Upload
from sandseg.uploads.receive import Arrived

LONGEST_SIDE = 32_767  # pixels of a picture in Firefox and Safari
GONE = "gone"  # is there while a link led to a rock that is not here any more
SAMPLE, MODEL, SLICE = "sample", "model", "slice"  # keys of widgets; they stand in the address too
REFUSAL, JOB_REFUSAL, PENDING = "refusal", "job_refusal", "pending"
ASKS = (AmbiguousStackError, UnknownLayoutError, SeveralScansError)  # to be answered by a visitor

NOT_YOURS = StackError(
    "This file is another visitor's; their link is for looking.",
    hint="Send the file yourself to have it read another way.",
)


@dataclass(frozen=True)
class Source:
    """A stack to work on: a sample or a file of the visitor's.

    `id` stands in the address; `place` is what `rocks.open_source` opens; `truth` what
    `rocks.true_labels` reads, "" without labels. `numbers` are those of the slices of the real
    rock, which lie apart; `upload` is what is known of a visitor's file.
    """

    id: str
    title: str
    place: str
    truth: str = ""
    numbers: tuple[str, ...] = ()
    upload: Upload | None = None

    @property
    def voxel_size_um(self) -> float | None:
        """The voxel size of a visitor's file, as it says or as they do; a sample knows its own."""
        return self.upload.voxel_size_um if self.upload else None

    def slice_name(self, z: int) -> str:
        """Return how slice z is called: by its number in the scan, else counted from one."""
        return self.numbers[z] if self.numbers else str(z + 1)

    def slice_title(self, z: int) -> str:
        """Return what stands over slice z."""
        return f"Slice {self.slice_name(z)}"


def sources() -> dict[str, Source]:
    """Return what can be chosen, by id: the samples at hand, then the visitor's own files."""
    found = {}
    for sample in list_samples():
        truth = sample.key if sample.has_labels else ""
        found[sample.key] = Source(sample.key, sample.title, sample.key, truth, sample.numbers)
    return {**found, **_files()}


def truth_of(source: Source) -> str:
    """Return the labels uploaded for a source, else those it came with, else ""."""
    return own("labels").get(source.id, source.truth)


def forget_slice() -> None:
    """Start a stack in its middle."""
    st.session_state.pop(SLICE, None)
    st.session_state.pop(GONE, None)


def take_slice(z: int) -> None:
    """Go to a slice by the viewer's arrow keys; the address and the slider count from one."""
    st.session_state[SLICE] = z + 1


def take_files(files: Sequence[Arrived], model_name: str | None) -> None:
    """Choose what was uploaded as the stack; if it is refused, all stays as it was."""
    folder = kept.keep(files)
    _make_own(folder)
    open_file(folder, {}, model_name)


def _make_own(folder: Path) -> None:
    """Note whose an upload is: after a reload the visitor may still change it."""
    with workspace.writing():
        sign(folder, own_key())


def is_own(upload: Upload) -> bool:
    """Whether this visitor brought an upload; a link to another visitor's is for looking."""
    return is_signed_by(upload.folder, own_key())


def open_file(
    folder: Path,
    selection: Mapping[str, int],
    model_name: str | None,
    layout: RawFormat | None = None,
    is_one: bool = False,
) -> None:
    """Open what was kept, as the visitor chose; ask first where the file leaves it open."""
    pending = st.session_state.pop(PENDING, None)
    if not is_signed_by(folder, own_key()):
        st.session_state[REFUSAL] = NOT_YOURS
        return
    try:
        upload = kept.open_kept(folder, selection, layout, is_one or bool(selection))
        _check(upload, DEFAULT_MODEL if model_name in (None, AUTO) else model_name)
    except ASKS as error:
        st.session_state[PENDING] = (folder, error)
        return
    except SandsegError as error:
        if layout:  # it may be another
            st.session_state[PENDING] = pending
        elif not (folder / kept.FACTS).exists() or not selection:
            forget_files_in(folder)
            workspace.remove_folder(folder)
        st.session_state[REFUSAL] = error
        return
    _files()[upload.id] = _source(upload)
    address.wish(SAMPLE, upload.id)
    forget_slice()


def _check(upload: Upload, model_name: str) -> None:
    """Look whether there is something to segment; refuse it now rather than on the next page."""
    stack = open_source(str(upload.path), upload.title)
    if (longest := max(stack.shape[1:])) > LONGEST_SIDE:
        raise StackError(
            f'"{upload.title}" has slices {longest:,} pixels long; browsers show at most '
            f"{LONGEST_SIDE:,}.",
            hint="Crop it, or segment it on the command line.",
        )
    model = find_model(model_name)
    line_of(Task(str(upload.path), model.name, model.sha256))
    if stack.n_slices == 1:
        check_values(stack.read_slice(0))


def open_each(folder: Path, model_name: str | None) -> None:
    """Open several scans that came together, each as a rock of its own; the first is shown."""
    asked = st.session_state.pop(PENDING, None)
    try:
        folders = take_apart(folder)
    except SandsegError as error:
        st.session_state[PENDING], st.session_state[REFUSAL] = asked, error
        return
    before, questions = set(_files()), []
    for one in folders:
        _make_own(one)
        open_file(one, {}, model_name)
        questions += filter(None, [st.session_state.pop(PENDING, None)])
    if opened := [name for name in _files() if name not in before]:
        address.wish(SAMPLE, opened[0])
    if questions:
        st.session_state[PENDING], *others = questions
        for place, error in others:  # there is room for one question
            st.session_state[REFUSAL] = error
            workspace.remove_folder(place)


def pending_file() -> tuple[Path, StackError] | None:
    """Return the upload that waits for a choice of the visitor."""
    return st.session_state.get(PENDING)


def forget_pending() -> None:
    """Drop the upload that waits for an answer."""
    folder, _ = st.session_state.pop(PENDING)
    forget_files_in(folder)
    workspace.remove_folder(folder)


def ask_layout_again(upload: Upload) -> None:
    """Let the visitor say anew how the raw voxels of their file lie."""
    if not is_own(upload):
        st.session_state[REFUSAL] = NOT_YOURS
        return
    error = UnknownLayoutError(f'How do the voxels of "{upload.title}" lie?')
    st.session_state[PENDING] = (upload.folder, error)


def set_voxel_size(source: Source, voxel_size_um: float | None) -> None:
    """Take the visitor's word for the size of a voxel; it goes into all that is taken home.

    Whoever came by a link to another visitor's file says it for themselves alone.
    """
    upload = replace(source.upload, voxel_size_um=voxel_size_um)
    if is_own(upload):
        upload = kept.set_voxel_size(upload, voxel_size_um)
    _files()[source.id] = _source(upload)


def _files() -> dict[str, Source]:
    """The visitor's own files, and the one their link leads to."""
    files = own("files")
    wanted = st.query_params.get(SAMPLE, "")
    if wanted not in files and (upload := kept.find(wanted)):
        kept.hold(upload)
        files[upload.id] = _source(upload)
    return files


def _source(upload: Upload) -> Source:
    return Source(upload.id, upload.title, str(upload.path), upload=upload)


def keep_labels(source: Source, path: Path) -> None:
    """Compare a source with the labels in this file from now on."""
    own("labels")[source.id] = str(path)


def pop_refusal(key: str = REFUSAL) -> SandsegError | None:
    """Return why the last upload was refused, once."""
    return st.session_state.pop(key, None)


def own(name: str) -> dict:
    """Return what this visitor has of a kind: "files", "labels", "lessons" and so on."""
    return st.session_state.setdefault(f"own_{name}", {})
