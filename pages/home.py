"""A slice, already segmented; what to do next."""

import streamlit as st

from pages.cache.models import list_models
from pages.cache.rocks import first_slice, open_source
from pages.cache.slices import slice_phases, slice_pictures
from pages.cache.task import Task
from pages.cache.trainings import shipped_replay
from pages.charts.phases import show_phases, show_porosity
from pages.components.viewer import Display, Pane, Shown, viewer
from pages.panels.model_card import how_good, show_card
from pages.panels.refusals import user_errors
from pages.server import navigation
from pages.session import state
from pages.teaching.entrance import offer_teaching
from pages.training.choice import REPLAY
from pages.words.numbers import percents, plain
from sandseg.errors import ModelError

navigation.start_page()
with user_errors():
    models = list_models()
    if not models:
        raise ModelError(
            "There is no model to segment with.",
            hint="Put a model folder into models/ and reload the page.",
        )
    model = models[0]
    first, z = first_slice()
    source = state.sources()[first]
    task = Task(source.place, model.name, model.sha256)
    stack = open_source(task.source)
    pictures, phases = slice_pictures(task, z), slice_phases(task, z)

picture, text = st.columns([2, 1], gap="medium")
with picture:
    viewer(
        [Pane(source.title, pictures.grey, pictures.labels)],
        Shown(0, 1, model.classes, stack.voxel_size_um),
        Display("swipe", opacity=1.0, clear_class=None, height=700),
        key="home-viewer",
    )
with text:
    st.title("Sandstone, segmented.", anchor=False)
    *names, last = (plain(material.name) for material in model.classes)
    st.markdown(
        f"This app tells {', '.join(names)} and {last} apart in X\N{NON-BREAKING HYPHEN}ray "
        f"micro\N{NON-BREAKING HYPHEN}CT slices of sandstone. {how_good(model)}"
    )
    show_phases(
        {"of the rock": percents(phases.phase_fractions)}, phases.phase_fractions, model.classes
    )
    show_porosity(phases)
    if st.button("Segment your own TIFF", type="primary", icon=":material/upload_file:"):
        st.switch_page(navigation.SEGMENT)
    offer_teaching(source)
    if st.button("Look around in this rock", icon=":material/search:"):
        st.switch_page(navigation.BROWSE, query_params={state.SAMPLE: source.id})
    lesson = shipped_replay()
    if lesson and st.button("Watch a network learn", icon=":material/school:"):
        st.switch_page(navigation.TRAIN, query_params={REPLAY: lesson})
    show_card(model, "How good is it?")
    rock = "a real sandstone, which it never saw" if source.numbers else "a synthetic sandstone"
    st.caption(
        f"Shown: {source.slice_title(z).lower()} of {rock}. "
        "Drag the divider: grey values on its left, labels on its right."
    )
