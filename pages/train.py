"""Let a network learn: start a training, watch it, use what it made, watch it again."""

import streamlit as st

from pages.cache import trainings as run_cache
from pages.cache.models import find_model
from pages.components.copy_link import copy_link
from pages.components.replay import asked_epoch, show_replay
from pages.panels.page_head import head_row
from pages.panels.refusals import user_errors
from pages.server import navigation
from pages.training.access import may_start, offer_token
from pages.training.choice import NEW, REPLAY, RUN, choose_training, show_next
from pages.training.manage import offer_management
from pages.training.setup import show_setup
from pages.training.ticker import tick
from pages.training.view import show_run
from sandseg.runs.permissions import training_rules


def show_kept(name: str) -> None:
    """Show how a stored model learned."""
    model = find_model(name)
    if model.card.get("history"):
        best = model.card.get("training", {}).get("epoch")
        chosen = f" Its weights are those after epoch {best}." if best else ""
        st.caption(f"How this model learned, epoch by epoch.{chosen}")
    show_replay(f"replay-{name}", run_cache.model_replay(name, model.sha256, asked_epoch()))


navigation.start_page()
with user_errors():
    is_on = training_rules().is_on
    tick()
    found, kept = run_cache.list_runs(), run_cache.replays()
    head, notes = head_row(), st.container()
    with head.container(horizontal=True, vertical_alignment="center", width="content"):
        st.title("Train", anchor=False, width="content")
        chosen = choose_training(found, kept, is_on, notes)
    with head.container(horizontal=True, vertical_alignment="center", width="content"):
        if is_on and chosen != NEW:
            st.button("New training", icon=":material/add:", on_click=show_next, args=(NEW,))
        if chosen != NEW or may_start():
            offer_token()  # where it is needed to begin, it is asked for there
        offer_management()
        copy_link()
    kind, _, name = chosen.partition(":")
    if not is_on:
        st.info(
            "Training is switched off on this server; what was learned before can be watched.",
            icon=":material/block:",
        )
    if kind == RUN:
        show_run(name)
    elif kind == REPLAY:
        show_kept(name)
    elif is_on:
        show_setup()
