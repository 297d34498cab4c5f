"""What is done once in the life of a server, before the first visitor sees a page."""

import gc

import streamlit as st

from pages.cache import prefetch as ahead
from pages.cache.models import list_models
from pages.cache.rocks import first_slice
from pages.cache.slices import slice_phases, slice_pictures
from pages.cache.task import Task
from pages.server import theme_message
from pages.server.malloc import share_arenas
from pages.server.settings_check import check_once
from sandseg.data import samples
from sandseg.runs.segmentation import sweep_visits


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Load what the first picture needs.

    Streamlit collects garbage after every run; frozen objects are not looked at again, which is
    the difference between a sluggish and a quick slider.

    Raises:
        ConfigError: A setting makes no sense.
    """
    check_once()
    share_arenas()
    sweep_visits()
    theme_message.keep_theme()
    first_model = next(iter(list_models()), None)
    if first_model is None:
        return
    sample = samples.list_samples()[0]
    task = Task(sample.key, first_model.name, first_model.sha256)
    first, z = first_slice()
    shown = Task(first, first_model.name, first_model.sha256)
    slice_phases(shown, z)
    slice_pictures(shown, z)
    gc.collect()
    gc.freeze()
    ahead.start(task, sample.key if sample.has_labels else "")
