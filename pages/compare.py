"""The same slice by several methods, side by side: who is right where, and how fast."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.methods import Trial, list_methods, make_trial, run_of
from pages.cache.models import list_models
from pages.cache.rocks import open_source
from pages.comparison import words
from pages.comparison.views import show_difference, show_panes
from pages.components.copy_link import copy_link
from pages.panels.choices import choose_slice, choose_source
from pages.panels.grey_mapping import show_treatment
from pages.panels.own_labels import choose_labels
from pages.panels.page_head import page_head
from pages.panels.refusals import user_errors
from pages.server import navigation
from pages.session import address
from pages.session.state import Source
from pages.session.treatment import task_for
from pages.words.numbers import plain
from sandseg.classes import SANDSTONE
from sandseg.errors import ModelError
from sandseg.model.store import DEFAULT_MODEL
from sandseg.predict.methods import MULTI_OTSU, RANDOM_FOREST, Method

METHODS = "methods"  # key of a widget; it stands in the address too
FEWEST, MOST = 2, 4


class Places(NamedTuple):
    """Where else on the page there is something that follows the slice."""

    sentence: DeltaGenerator
    panes: DeltaGenerator
    difference: DeltaGenerator
    numbers: DeltaGenerator


def choose_methods() -> list[Method]:
    """Ask for two to four of the methods at hand."""
    if not list_models():
        raise ModelError(
            "There is no model to compare with.",
            hint="Put a model folder into models/ and reload the page.",
        )
    methods = {method.name: method for method in list_methods()}
    usual = [name for name in (MULTI_OTSU, RANDOM_FOREST, DEFAULT_MODEL) if name in methods]
    default = usual if len(usual) >= FEWEST else list(methods)[:FEWEST]
    titles = {name: method.title for name, method in methods.items()}
    chosen = address.several("Methods", titles, METHODS, default)
    if len(chosen) > MOST:
        st.caption(f"Side by side there is room for {MOST} methods; these are the first {MOST}.")
    return [methods[name] for name in chosen[:MOST]]


def segment_all(methods: list[Method], trials: list[Trial]) -> None:
    """Compute what is missing, and say what is being waited for."""
    for method, trial in zip(methods, trials, strict=True):
        with st.spinner(plain(f"{method.title} on slice {trial.z + 1} …"), show_time=True):
            run_of(trial)


@st.fragment
def show_at_slice(source: Source, methods: list[Method], truth: str, places: Places) -> None:
    """Everything that follows the slice; moving the slider redraws this and no more."""
    n_slices = open_source(source.place).n_slices
    z = choose_slice(n_slices, source)
    task = task_for(source, list_models()[0])
    trials = [make_trial(task, z, method) for method in methods]
    with places.panes, user_errors(*places):
        segment_all(methods, trials)
        show_panes(methods, trials, task, truth)
    with places.sentence, user_errors(*places):
        words.show_finding(methods, trials, truth)
        words.show_what_was_learned(methods, words.slice_names(source, z, n_slices))
    with places.numbers, user_errors(*places):
        words.show_table(methods, trials, truth)
    with places.difference, user_errors():
        show_difference(methods, trials, task, truth)


@st.fragment
def workbench() -> None:
    """What is compared with what."""
    first, rock = st.columns([2, 1], gap="medium")
    with first, page_head("Compare"):
        copy_link()
    sentence = first.container()
    with rock, user_errors():
        source = choose_source(None)
        show_treatment(source)
        n_slices = open_source(source.place, source.title).n_slices
    with first, user_errors():
        methods = choose_methods()
        if len(methods) < FEWEST:
            choose_slice(n_slices, source)
    if len(methods) < FEWEST:
        st.info("Choose a second method to compare with.", icon=":material/compare:")
        st.stop()
    panes, below = st.container(), st.container()
    left, right = st.columns([1, 1], gap="large")
    with right:
        numbers = st.container()
        truth = choose_labels(source, SANDSTONE, is_aside=True)
    with below:
        show_at_slice(source, methods, truth, Places(sentence, panes, left, numbers))


navigation.start_page()
workbench()
