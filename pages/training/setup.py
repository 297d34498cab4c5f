"""A new training: one button, and everything that can be chosen folded away below it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from pages.cache import trainings as run_cache
from pages.panels.refusals import show_refusal
from pages.training.access import ask_token, attempt, may_start, show_refused
from pages.training.choice import NEW, RUN, SHOWN, show_next
from pages.training.cost import n_steps, show_cost
from pages.training.data import OWN, TrainingData, check_classes, choose_classes, choose_data
from pages.training.files import ask_meanings, label_slices, own_files
from pages.training.preview import show_patches
from pages.training.recipe import NETWORKS, choose_learning, choose_network, choose_patches
from pages.training.split import choose_split, split_text
from pages.words.numbers import plain
from sandseg.classes import SegmentationClass
from sandseg.config import fit_patches
from sandseg.errors import SandsegError, TrainingError
from sandseg.runs.control import start_run
from sandseg.runs.permissions import Visitor, training_rules
from sandseg.runs.settings import DataSource, RunSettings


@st.fragment
def show_setup() -> None:
    """Everything a training begins with; a change redraws this and no more."""
    if st.session_state.get(SHOWN) != NEW:  # it has begun
        st.rerun()
    picture, side = st.columns([5, 4], gap="large")
    with side:
        first = st.container()
        with st.expander("Data", icon=":material/stacks:", key="group-data"):
            data = choose_data()
        with st.expander("Classes", icon=":material/palette:", key="group-classes"):
            classes, n_outputs = choose_classes(data)
            if data.id == OWN:
                ask_meanings(classes)
        settings, problem = _choose_recipe(data, classes, n_outputs)
    with first:
        _offer_start(settings, problem, data, classes)
    with picture:
        _show_preview(settings)


def _choose_recipe(
    data: TrainingData, classes: tuple[SegmentationClass, ...], n_outputs: int
) -> tuple[RunSettings | None, SandsegError | None]:
    """Ask for the rest; return the settings, or what is wrong with them."""
    with st.expander("Network", icon=":material/account_tree:", key="group-network"):
        base, start = choose_network(n_outputs)
    base = fit_patches(base, min(data.shape[1:]))
    problem = None
    with st.expander("Learning", icon=":material/school:", key="group-learning"):
        try:
            base = choose_learning(base)
        except SandsegError as error:
            problem = error
    with st.expander("Patches", icon=":material/grid_view:", key="group-patches"):
        try:
            base = choose_patches(base)
        except SandsegError as error:
            problem = problem or error
    title = st.text_input(
        "Name of this training",
        f"{NETWORKS[base.preset]} U-Net, {data.title.lower()}",
        key=f"title-{base.preset}-{data.id}",
        max_chars=80,
        persist_state="session",
    )
    if problem or data.source is None:
        return None, problem
    try:
        check_classes(classes)
        _check_files(data, len(classes))
        source = _with_label_slices(data)
        title = title.strip() or NETWORKS[base.preset]
        settings = RunSettings(source, base, title, classes=classes, start_from=start)
        settings = choose_split(settings)
    except SandsegError as error:
        return None, error
    return settings, None


def _with_label_slices(data: TrainingData) -> DataSource:
    return replace(data.source, label_slices=label_slices()) if data.id == OWN else data.source


def _check_files(data: TrainingData, n_classes: int) -> None:
    if data.id == OWN and not own_files().is_understood(n_classes):
        raise TrainingError(
            "The values of these labels do not say which class they mean.",
            hint='Say it under "Classes", or choose another number of classes there.',
        )


def _offer_start(
    settings: RunSettings | None,
    problem: SandsegError | None,
    data: TrainingData,
    classes: Sequence[SegmentationClass],
) -> None:
    """Say what will happen, and offer to begin."""
    active = [status for status in run_cache.list_runs() if status.is_active]
    if settings:
        st.markdown(_what(settings, data, classes))
        with suppress(SandsegError):  # the preview shows what is wrong
            st.caption(split_text(settings))
        show_cost(settings, data.shape, is_busy=bool(active))
    elif problem:
        show_refusal(problem)
    else:
        st.markdown('Choose your slices and their labels under "Data".')
    ask_token()
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        disabled=settings is None or not may_start(),
        on_click=_start,
        args=(settings,),
        width="stretch",
    )
    show_refused()
    waiting = sum(status.state == "queued" for status in active)
    if active:
        longest = training_rules().max_queue
        others = f" {waiting} of at most {longest} wait already." if waiting else ""
        st.caption(f"A training is at work; this one begins after it.{others}")


def _what(settings: RunSettings, data: TrainingData, classes: Sequence[SegmentationClass]) -> str:
    *names, last = (plain(material.name) for material in classes)
    config = settings.config
    return (
        f"A {NETWORKS[config.preset].lower()} U-Net learns to tell {', '.join(names)} and {last} "
        f"apart: {config.epochs} epochs of {n_steps(config, data.shape)} steps on "
        f"{plain(data.title.lower() if data.is_fixed else data.title)}."
    )


def _start(settings: RunSettings) -> None:
    """Begin, and show how it goes."""

    def start(by: Visitor) -> None:
        show_next(f"{RUN}:{start_run(settings, by)}")

    attempt(start)


def _show_preview(settings: RunSettings | None) -> None:
    """Show what the network will see; what cannot be cut shows in time, too."""
    if settings is None:
        st.info(
            "Once slices and labels are chosen, patches of them appear here.",
            icon=":material/grid_view:",
        )
        return
    try:
        show_patches(settings)
    except SandsegError as error:
        show_refusal(error)
