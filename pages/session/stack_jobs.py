"""The whole-stack runs of one visitor: where they are, started, ended."""

import math
import secrets
from hashlib import sha256
from pathlib import Path

import streamlit as st

from pages.cache.rocks import open_source
from pages.session.asked import origin_of
from pages.session.state import JOB_REFUSAL, Source, is_own, own
from pages.session.treatment import treatment
from pages.session.visit import visit
from sandseg.config import Treatment
from sandseg.errors import SandsegError, StackError
from sandseg.export.tiff import write_image
from sandseg.model.request import SegmentRequest
from sandseg.model.store import StoredModel
from sandseg.runs.segmentation import cancel_job, job_status, start_segmentation
from sandseg.scan.read_options import ReadOptions
from sandseg.uploads import workspace
from sandseg.uploads.kept import ENDED, JOBS

MOST_RUNS = 2  # of a visit, at one time
RESULT_BYTES = 5  # of a voxel, before they are packed: a label and a confidence


def job_folder(source: Source, model: StoredModel) -> Path | None:
    """Return the folder of the whole-stack run of this source by this model.

    It is the one beside the upload, whoever looks, else the visitor's own.
    """
    shared = _shared_place(source, model)
    if shared and shared.is_dir():
        return shared
    return own("jobs").get((source.id, model.sha256, treatment(source)))


def may_end(source: Source, model: StoredModel) -> bool:
    """Whether the run is the visitor's own, and no other's that their link shows."""
    shared = _shared_place(source, model)
    return shared is None or not shared.is_dir() or is_own(source.upload)


def start_job(source: Source, model: StoredModel) -> None:
    """Segment a whole stack in a process of its own, if there is room for what it writes."""
    try:
        _check_runs()
        folder = _job_place(source, model)
        _start(source, model, folder)
    except SandsegError as error:
        st.session_state[JOB_REFUSAL] = error
        return
    own("jobs")[source.id, model.sha256, treatment(source)] = folder


def _check_runs() -> None:
    """Let a visitor have a few runs at work, not the processors of everybody.

    Raises:
        StackError: As many as one may have are running.
    """
    n_running = sum(job_status(folder).state == "running" for folder in own("jobs").values())
    if n_running >= MOST_RUNS:
        raise StackError(
            f"{n_running} of your stacks are being segmented already.",
            hint="Wait until one is done, or cancel one.",
        )


def _job_place(source: Source, model: StoredModel) -> Path:
    if source.upload and is_own(source.upload):
        return _shared_place(source, model)
    return workspace.new_folder(visit().folder)


def _shared_place(source: Source, model: StoredModel) -> Path | None:
    """Where a run lies so that the upload's link leads to it."""
    return source.upload.folder / JOBS / _job_name(source, model) if source.upload else None


def _start(source: Source, model: StoredModel, folder: Path) -> None:
    path = Path(source.place)
    stack = open_source(source.place, source.title)
    copied = 0 if source.upload else stack.dtype.itemsize
    try:
        workspace.require_room(folder, math.prod(stack.shape) * (copied + RESULT_BYTES))
        if not source.upload:
            path = folder / f"{source.id}.tif"
            slices = (stack.read_slice(z) for z in range(stack.n_slices))
            write_image(path, slices, stack.spacing_um)
        with workspace.writing():
            start_segmentation(_request(source, model, path), folder, model.folder.parent)
    except SandsegError:
        workspace.remove_folder(folder)
        raise


def _request(source: Source, model: StoredModel, path: Path) -> SegmentRequest:
    """Ask for what the command line would be asked for; the job names the outputs."""
    return SegmentRequest(
        path,
        labels=Path(),
        model=model.name,
        treatment=treatment(source),
        read_options=ReadOptions(
            voxel_size_um=source.voxel_size_um,
            warnings=source.upload.warnings if source.upload else (),
        ),
        origin=origin_of(source, model),
    )


def end_job(source: Source, model: StoredModel) -> None:
    """Cancel a run, or forget a finished one."""
    folder = job_folder(source, model)
    if folder is None or not may_end(source, model):
        return
    cancel_job(folder)
    own("jobs").pop((source.id, model.sha256, treatment(source)), None)
    if folder == _shared_place(source, model):
        folder.rename(folder.with_name(f"{ENDED}-{secrets.token_hex(4)}"))


def _job_name(source: Source, model: StoredModel) -> str:
    how = treatment(source), source.voxel_size_um  # the size stands in all that is written
    is_usual = how == (Treatment(), None)
    other = "" if is_usual else f"-{sha256(repr(how).encode()).hexdigest()[:8]}"
    return f"{Path(source.place).parent.name}-{model.sha256[:16]}{other}"
