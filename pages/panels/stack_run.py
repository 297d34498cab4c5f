"""Segmenting a whole stack: start, watch, cancel, and what is there afterwards."""

import streamlit as st

from pages.panels.refusals import show_refusal
from pages.session import state
from pages.session.stack_jobs import end_job, job_folder, may_end, start_job
from pages.session.state import Source
from sandseg.errors import SandsegError
from sandseg.model.store import StoredModel
from sandseg.runs.segmentation import JobStatus, job_status

POLL_S = 0.7


def finished_folder(source: Source, model: StoredModel) -> str:
    """Return the folder with the labels of the whole stack, "" as long as there is none."""
    folder = job_folder(source, model)
    return str(folder) if folder and job_status(folder).state == "done" else ""


def show_run(source: Source, model: StoredModel, n_slices: int) -> None:
    """Offer the run, or show where it stands; a single slice needs none."""
    if n_slices == 1:
        return
    folder = job_folder(source, model)
    status = job_status(folder) if folder else None
    if status and status.state == "done":
        st.caption(f"All {n_slices} slices are segmented.")
        return
    if status and status.state == "running":
        _watch(source, model, n_slices)
        return
    if status and status.state == "failed":
        show_refusal(SandsegError(status.message, status.hint))
    if refusal := state.pop_refusal(state.JOB_REFUSAL):
        show_refusal(refusal)
    st.button(
        f"Segment all {n_slices} slices",
        icon=":material/play_arrow:",
        on_click=start_job,
        args=(source, model),
    )


@st.fragment(run_every=POLL_S)
def _watch(source: Source, model: StoredModel, n_slices: int) -> None:
    folder = job_folder(source, model)
    status = job_status(folder) if folder else None
    if status is None or status.state != "running":
        st.rerun()
    bar, button = st.columns([3, 1], vertical_alignment="center", gap="small", wrap=False)
    bar.progress(status.n_done / max(n_slices, 1), _progress_text(status, n_slices))
    if may_end(source, model) and button.button("Cancel", width="stretch"):
        end_job(source, model)
        st.rerun()


def _progress_text(status: JobStatus, n_slices: int) -> str:
    if not status.n_done or status.seconds_left is None:
        return f"Slice 1 of {n_slices}, the network is being loaded"
    shown = min(status.n_done + 1, n_slices)
    return f"Slice {shown} of {n_slices}, {max(1, round(status.seconds_left))} s left"
