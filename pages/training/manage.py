"""The models visitors added, to be hidden or removed again; for the teacher, the whole server."""

import streamlit as st

from pages.cache import trainings as run_cache
from pages.cache.models import all_models
from pages.training.access import attempt, is_teacher, show_refused, who
from pages.training.choice import forget_choice
from pages.words.numbers import plain
from sandseg.model.store import StoredModel
from sandseg.ownership import is_signed
from sandseg.runs.added_models import hidden_models, hide_model, remove_model, show_model
from sandseg.runs.permissions import Visitor, may_change, training_rules
from sandseg.runs.reset import Leftovers, leftovers, reset_server


def offer_management() -> None:
    """Offer to whom they belong what can be done to models, and to the teacher a reset."""
    if not training_rules().is_on:
        return
    mine = [model for model in all_models() if may_change(model.folder, who())]
    if not is_teacher() and not any(is_signed(model.folder) for model in mine):
        return
    with st.popover("Models", icon=":material/tune:", key="manage"):
        hidden = hidden_models()
        for model in mine:
            _offer_model(model, model.name in hidden)
        show_refused()
        if is_teacher():
            st.divider()
            _offer_reset()


def _offer_model(model: StoredModel, is_hidden: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        note = " (hidden)" if is_hidden else ""
        st.markdown(f"{plain(model.title)}{note}  \n{plain(model.name)}")
        if is_hidden:
            _button("Show", show_model, model.name)
        else:
            _button("Hide", hide_model, model.name)
        if is_signed(model.folder):
            _button("Remove", remove_model, model.name)


def _button(label: str, action, name: str) -> None:  # noqa: ANN001 - what the button does
    st.button(
        label, key=f"{label}-model-{name}", type="tertiary", on_click=attempt, args=(action, name)
    )


def _offer_reset() -> None:
    """Say what a reset takes away, and ask before it is done."""
    found = leftovers()
    st.markdown(f"**Reset this server.** {_what_goes(found)}")
    if not any((found.runs, found.models, found.hidden, found.visits)):
        return
    is_sure = st.checkbox("All of this may go", key="reset-sure")
    st.button("Reset now", key="reset", type="primary", disabled=not is_sure, on_click=_reset)


def _what_goes(found: Leftovers) -> str:
    counts = {
        "training": len(found.runs),
        "added model": len(found.models),
        "ended visit's files": len(found.visits),
    }
    goes = [_counted(n, what) for what, n in counts.items() if n]
    if found.hidden:
        goes.append("the marks of hidden models")
    if not goes:
        return "It is as it was set up: nothing would go."
    names = [plain(folder.name) for folder in found.models]
    named = f" The models: {', '.join(names)}." if names else ""
    return f"What goes: {', '.join(goes)}.{named} Visits that go on keep their files."


def _counted(n: int, what: str) -> str:
    if "visit" in what:
        return f"the files of {n} ended visit{'s' * (n != 1)}"
    return f"{n} {what}{'s' * (n != 1)}"


def _reset() -> None:
    def reset(by: Visitor) -> None:
        gone = reset_server(by)
        forget_choice()
        st.toast(f"Reset. {_what_goes(gone).partition('.')[0]}.", icon=":material/check:")

    st.session_state.pop("reset-sure", None)
    attempt(reset)
    run_cache.forget()
