"""Who may start and change trainings here, and what was refused."""

import streamlit as st

from pages.cache import trainings as run_cache
from pages.panels.refusals import show_refusal
from pages.session.visit import own_key
from sandseg.errors import SandsegError
from sandseg.runs import permissions
from sandseg.runs.folder import run_path
from sandseg.runs.permissions import Visitor, training_rules
from sandseg.settings import TRAINING_TOKEN

TOKEN = "training_token"
REFUSAL = "training_refusal"


def who() -> Visitor:
    """Return who this visitor is to the trainings: by the token they entered, and their browser."""
    return Visitor(st.session_state.get(TOKEN, ""), own_key())


def may_start() -> bool:
    """Whether the visitor may begin trainings here."""
    return permissions.may_start(who())


def may_change(run_id: str) -> bool:
    """Whether the visitor may watch, stop and remove a training: it is theirs, or they teach."""
    return permissions.may_change(run_path(run_id), who())


def is_teacher() -> bool:
    """Whether the visitor knows the operator's token."""
    return permissions.is_teacher(who())


def ask_token() -> None:
    """Ask for the token where it is needed to begin a training and is not known yet."""
    if not may_start():
        _ask()


def offer_token() -> None:
    """Let whoever runs this server say so, where they have set a token."""
    if TRAINING_TOKEN.read() and training_rules().is_on and not is_teacher():
        with st.popover("Token", icon=":material/key:", type="tertiary", key="token-popover"):
            _ask()


def _ask() -> None:
    st.text_input(
        "Token for trainings",
        key=TOKEN,
        type="password",
        autocomplete="off",
        persist_state="session",
        help="Whoever runs this server has it. What you began yourself is yours without it.",
    )
    if st.session_state.get(TOKEN):
        st.warning("This is not the token.", icon=":material/key:")


def attempt(action, *args) -> None:  # noqa: ANN001 - any function of the backend that asks who
    """Do something to a run; if it is refused, the page says why until the next attempt."""
    st.session_state.pop(REFUSAL, None)
    try:
        action(*args, who())
    except SandsegError as error:
        st.session_state[REFUSAL] = error
    run_cache.forget()


def show_refused() -> None:
    """Say why the last attempt was refused, if it was."""
    if refusal := st.session_state.get(REFUSAL):
        show_refusal(refusal)


def forget_refusal() -> None:
    """The visitor has gone on to something else."""
    st.session_state.pop(REFUSAL, None)
