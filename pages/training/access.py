"""Who may start and change trainings here, and what was refused."""

import streamlit as st

from pages.cache import trainings as run_cache
from pages.panels.refusals import show_refusal
from sandseg.errors import SandsegError
from sandseg.runs.permissions import check_token

TOKEN = "training_token"
REFUSAL = "training_refusal"


def token() -> str:
    """Return what the visitor entered as the operator's token."""
    return st.session_state.get(TOKEN, "")


def is_trusted() -> bool:
    """Whether the visitor may change trainings: none is needed, or they know the token."""
    try:
        check_token(token())
    except SandsegError:
        return False
    return True


def ask_token() -> None:
    """Ask for the token where the operator wants one and it is not known yet."""
    if is_trusted():
        return
    st.text_input(
        "Token for trainings",
        key=TOKEN,
        type="password",
        autocomplete="off",
        persist_state="session",
        help="Watching is free. To start or stop a training, enter the token that whoever runs "
        "this server gave you.",
    )
    if token():
        st.warning("This is not the token.", icon=":material/key:")


def attempt(action, *args) -> None:  # noqa: ANN001 - any function of the backend that takes a token
    """Do something to a run; if it is refused, the page says why until the next attempt."""
    st.session_state.pop(REFUSAL, None)
    try:
        action(*args, token())
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
