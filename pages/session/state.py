"""What one visitor has chosen: names and paths, never pixels."""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from hashlib import sha256
from pathlib import Path

import streamlit as st

from pages.cache import slices as cache
from pages.cache.view import Task
from pages.session import address
from pages.session.visit import visit
from sandseg.errors import SandsegError
from sandseg.export import tiff as export
from sandseg.model.store import DEFAULT_MODEL, StoredModel
from sandseg.runs import process as jobs
from sandseg.scan.formats import AmbiguousStackError, check_values
from sandseg.uploads import kept as uploads
from sandseg.uploads import workspace
from sandseg.uploads.kept import Upload
from sandseg.uploads.receive import Arrived

SAMPLE, MODEL, SLICE = "sample", "model", "slice"  # keys of widgets; they stand in the address too
REFUSAL, JOB_REFUSAL, PENDING = "refusal", "job_refusal", "pending"
RESULT_BYTES = 5  # of a voxel, before they are packed: a label and a confidence


@dataclass(frozen=True)
class Source:
    """A stack to work on: a sample or a file of the visitor's.

    `id` stands in the address; `place` is what `cache.open_source` opens; `truth` what
    `cache.true_labels` reads, "" without labels. `numbers` are those of the slices of the real
    rock, which lie apart; `upload` is what is known of a visitor's file.
    """

    id: str
    title: str
    place: str
    truth: str = ""
    numbers: tuple[str, ...] = ()
    upload: Upload | None = None

    def slice_title(self, z: int) -> str:
        """Return how slice z is called: by its number in the scan, else counted from one."""
        return f"Slice {self.numbers[z] if self.numbers else z + 1}"


def sources() -> dict[str, Source]:
    """Return what can be chosen, by id: the samples at hand, then the visitor's own files."""
    found = {}
    for sample in cache.list_samples():
        truth = sample.key if sample.has_labels else ""
        found[sample.key] = Source(sample.key, sample.title, sample.key, truth, sample.numbers)
    return {**found, **_files()}


def truth_of(source: Source) -> str:
    """Return the labels uploaded for a source, else those it came with, else ""."""
    return _own("labels").get(source.id, source.truth)


def forget_slice() -> None:
    """Start a stack in its middle."""
    st.session_state.pop(SLICE, None)


def take_slice(z: int) -> None:
    """Go to a slice by the viewer's arrow keys; the address and the slider count from one."""
    st.session_state[SLICE] = z + 1


def take_files(files: Sequence[Arrived], model_name: str | None) -> None:
    """Choose what was uploaded as the stack; if it is refused, all stays as it was."""
    open_file(uploads.keep(files), {}, model_name)


def open_file(folder: Path, selection: Mapping[str, int], model_name: str | None) -> None:
    """Open what was kept, as the visitor chose; ask first where the file leaves it open."""
    st.session_state.pop(PENDING, None)
    try:
        upload = uploads.open_kept(folder, selection)
        _check(upload, model_name or DEFAULT_MODEL)
    except AmbiguousStackError as error:
        st.session_state[PENDING] = (folder, error)
        return
    except SandsegError as error:
        if not (folder / uploads.FACTS).exists() or not selection:
            workspace.remove_folder(folder)
        st.session_state[REFUSAL] = error
        return
    _files()[upload.id] = _source(upload)
    address.wish(SAMPLE, upload.id)
    forget_slice()


def _check(upload: Upload, model_name: str) -> None:
    """Look whether there is something to segment; refuse it now rather than on the next page."""
    stack = cache.open_source(str(upload.path), upload.title)
    model = cache.model(model_name)
    cache.grey_mapping(str(upload.path), model.name, model.sha256)
    if stack.n_slices == 1:
        check_values(stack.read_slice(0))


def pending_file() -> tuple[Path, AmbiguousStackError] | None:
    """Return the upload that waits for a choice of the visitor."""
    return st.session_state.get(PENDING)


def set_voxel_size(source: Source, voxel_size_um: float | None) -> None:
    """Take the visitor's word for the size of a voxel; it goes into all that is taken home."""
    upload = uploads.set_voxel_size(source.upload, voxel_size_um)
    _files()[source.id] = _source(upload)
    cache.open_source(source.place, source.title).voxel_size_um = voxel_size_um


def _files() -> dict[str, Source]:
    """The visitor's own files, and the one their link leads to."""
    files = _own("files")
    wanted = st.query_params.get(SAMPLE, "")
    if wanted not in files and (upload := uploads.find(wanted)):
        uploads.hold(upload)
        files[upload.id] = _source(upload)
    return files


def _source(upload: Upload) -> Source:
    return Source(upload.id, upload.title, str(upload.path), upload=upload)


def keep_labels(source: Source, path: Path) -> None:
    """Compare a source with the labels in this file from now on."""
    _own("labels")[source.id] = str(path)


def pop_refusal(key: str = REFUSAL) -> SandsegError | None:
    """Return why the last upload was refused, once."""
    return st.session_state.pop(key, None)


def job_folder(source: Source, model: StoredModel) -> Path | None:
    """Return the folder of the whole-stack run of this source by this model."""
    if source.upload:
        folder = source.upload.folder / uploads.JOBS / _job_name(source, model)
        return folder if folder.is_dir() else None
    return _own("jobs").get((source.id, model.sha256, treatment(source)))


def start_job(source: Source, model: StoredModel) -> None:
    """Segment a whole stack in a process of its own, if there is room for what it writes."""
    try:
        folder = _job_place(source, model)
        _start(source, model, folder)
    except SandsegError as error:
        st.session_state[JOB_REFUSAL] = error
        return
    _own("jobs")[source.id, model.sha256, treatment(source)] = folder


def _job_place(source: Source, model: StoredModel) -> Path:
    if source.upload:
        return source.upload.folder / uploads.JOBS / _job_name(source, model)
    return workspace.new_folder(visit().folder)


def _start(source: Source, model: StoredModel, folder: Path) -> None:
    path = Path(source.place)
    stack = cache.open_source(source.place, source.title)
    copied = 0 if source.upload else stack.dtype.itemsize
    voxel_size_um = source.upload and source.upload.voxel_size_um
    try:
        workspace.require_room(folder, math.prod(stack.shape) * (copied + RESULT_BYTES))
        if not source.upload:
            path = folder / f"{source.id}.tif"
            slices = (stack.read_slice(z) for z in range(stack.n_slices))
            export.write_image(path, slices, stack.voxel_size_um)
        with workspace.writing():
            options = treatment(source).options
            options += [f"--voxel-size={voxel_size_um}"] if voxel_size_um else []
            jobs.start_segmentation(path, folder, model.name, options)
    except SandsegError:
        workspace.remove_folder(folder)
        raise


@dataclass(frozen=True)
class Treatment:
    """How slices are shown to a model: grey values as the command line names them, size, light."""

    grey: str = "auto"
    is_rescaled: bool = False
    is_evened: bool = False

    @property
    def options(self) -> list[str]:
        """The same on the command line."""
        chosen = {"--rescale": self.is_rescaled, "--even": self.is_evened}
        return [f"--grey={self.grey}", *(word for word, is_on in chosen.items() if is_on)]


def treatment(source: Source) -> Treatment:
    """Return how this visitor wants a source to be shown to the model."""
    return _own("treatments").get(source.id, Treatment())


def task_for(source: Source, model: StoredModel, job: str = "") -> Task:
    """Return a source as this visitor wants it to be shown to a model."""
    return Task(source.place, model.name, model.sha256, job, *astuple(treatment(source)))


def treat(source: Source, **changes: str | bool) -> None:
    """Show a source to the model in another way from now on."""
    _own("treatments")[source.id] = replace(treatment(source), **changes)


def end_job(source: Source, model: StoredModel) -> None:
    """Cancel a run, or forget a finished one."""
    folder = job_folder(source, model)
    if folder is None:
        return
    jobs.cancel_job(folder)
    _own("jobs").pop((source.id, model.sha256, treatment(source)), None)
    if source.upload:
        folder.rename(folder.with_name(f"ended-{secrets.token_hex(4)}"))


def _job_name(source: Source, model: StoredModel) -> str:
    how = treatment(source)
    other = "" if how == Treatment() else f"-{sha256(repr(how).encode()).hexdigest()[:8]}"
    return f"{Path(source.place).parent.name}-{model.sha256[:16]}{other}"


def _own(name: str) -> dict:
    return st.session_state.setdefault(f"own_{name}", {})
