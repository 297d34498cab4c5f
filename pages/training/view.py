"""A training from its start to the model it made: where it stands, its pictures, what to do."""

import streamlit as st

from pages.cache import trainings as run_cache
from pages.components.replay import asked_epoch, show_replay
from pages.panels.refusals import show_refusal, user_errors
from pages.training.access import REFUSAL, attempt, may_change, show_refused
from pages.training.choice import forget_choice
from pages.training.end import offer_model, show_result
from pages.training.ticker import tick
from pages.words.numbers import plain, score
from pages.words.trainings import STATES, duration, epochs, progress, progress_text
from sandseg.errors import SandsegError, TrainingError
from sandseg.runs.control import RESUMABLE, delete_run, pause_run, resume_run, stop_run
from sandseg.runs.folder import RunStatus
from sandseg.runs.permissions import training_rules

POLL_S = 1.5
_STOP = "Ends the training; the weights of its best epoch become its model."


def show_run(run_id: str) -> None:
    """Show a run; the page looks again by itself while there is something new to expect."""
    is_active, drawn = run_cache.run_status(run_id).is_active, run_cache.last_change(run_id)
    watch = st.fragment(_watch, run_every=POLL_S if is_active else None)
    watch(run_id, is_active, drawn)
    _show_pictures(run_id)
    if not is_active:
        _show_end(run_id)


def _watch(run_id: str, was_active: bool, drawn: tuple[int, ...]) -> None:
    """Show what changes from step to step; pictures and curves are drawn anew once an epoch."""
    tick()
    try:
        status, last = run_cache.run_status(run_id), run_cache.last_change(run_id)
    except TrainingError:  # somebody has deleted it
        st.rerun()
    if status.is_active != was_active or last != drawn:
        st.rerun()
    head, actions = st.columns([3, 2], vertical_alignment="center", gap="small")
    with head:
        _show_state(status)
    with actions:
        _offer_actions(status)
    show_refused()
    for warning in status.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    if status.state == "failed":
        _show_failure(status)


@st.fragment
def _show_pictures(run_id: str) -> None:
    try:
        packed = run_cache.run_replay(run_id, asked_epoch())
    except SandsegError:  # damaged settings: the state says so
        return
    show_replay(f"replay-{run_id}", packed)


def _show_state(status: RunStatus) -> None:
    """Say where a run stands: in one bar while it goes on, in one sentence at its end."""
    if status.is_active or status.state == "paused":
        st.progress(progress(status), plain(progress_text(status)))
    elif status.best_mean_iou is not None:
        st.markdown(
            f"**{STATES[status.state]}** after {epochs(status.epoch)}, "
            f"{duration(status.seconds)}. Best on the validation part: mean IoU "
            f"**{score(status.best_mean_iou)}** after epoch {status.best_epoch}."
        )
    else:
        st.markdown(f"**{STATES[status.state]}** before the first epoch was complete.")
    if status.device:
        st.caption(plain(status.device))


def _show_failure(status: RunStatus) -> None:
    show_refusal(SandsegError(status.message or "The training failed.", status.hint))
    if status.log_tail:
        with st.expander("Last lines of its log", icon=":material/terminal:"):
            st.code(status.log_tail, language=None)


def _offer_actions(status: RunStatus) -> None:
    """Offer what can be done with a run in its state, to those who may."""
    if not may_change(status.id):
        return
    row = st.container(horizontal=True, horizontal_alignment="right", gap="small")
    is_on = training_rules().is_on
    with row:
        if status.state == "running":
            _button("Pause", "pause", pause_run, status)
            _button("Stop", "stop", stop_run, status, help=_STOP)
        elif status.state in ("paused", "failed") and is_on and status.best_epoch:
            _button("Finish", "flag", stop_run, status, help=_STOP)
        if status.has_model and is_on:
            offer_model(status)
        if status.state in RESUMABLE and is_on:
            is_first = "secondary" if status.has_model else "primary"
            _button("Resume", "play_arrow", resume_run, status, type=is_first)
        if status.state not in ("running", "stopping") and is_on:
            _offer_deletion(status)


def _button(label: str, icon: str, action, status: RunStatus, **options) -> None:  # noqa: ANN001
    st.button(
        label,
        key=f"{label}-{status.id}",
        icon=f":material/{icon}:",
        on_click=attempt,
        args=(action, status.id),
        **options,
    )


def _offer_deletion(status: RunStatus) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"deletion-{status.id}"):
        st.markdown("Its curves, its pictures and its checkpoint go. A model in use stays.")
        st.button(
            "Delete this training",
            key=f"delete-{status.id}",
            type="primary",
            on_click=_delete,
            args=(status.id,),
        )


def _delete(run_id: str) -> None:
    attempt(delete_run, run_id)
    if REFUSAL not in st.session_state:
        forget_choice()


def _show_end(run_id: str) -> None:
    with user_errors():
        model = run_cache.trained_model(run_id)
        if model:
            show_result(model)
