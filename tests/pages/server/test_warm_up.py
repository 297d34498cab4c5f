"""What the server does before the first visitor comes."""

import threading
import time

import pytest
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from pages.cache import prefetch, slices
from pages.cache.models import list_models
from pages.cache.rocks import open_source
from pages.cache.slices import n_waiting, slice_phases, slice_pictures
from pages.cache.store import kept
from pages.cache.task import Task
from pages.server import theme_message
from sandseg.config import Treatment
from sandseg.data import samples
from sandseg.predict.slices import Predictor

SECTIONS = ["theme", *(f"theme.{part}" for part in ("light", "dark", "sidebar", "light.sidebar"))]


@pytest.fixture
def task(models_dir, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(models_dir))
    model = list_models()[0]
    sample = samples.list_samples()[0]
    open_source(sample.key)
    # Another name for the same mapping: what other tests have asked for does not count.
    return Task(sample.key, model.name, model.sha256, treatment=Treatment("3,251"))


def filled(fill, section):
    message = CustomThemeConfig()
    fill(message, section)
    return message


@pytest.mark.parametrize("section", SECTIONS)
def test_the_theme_is_what_streamlit_would_say(section, monkeypatch):
    monkeypatch.setattr(app_session, "_populate_theme_msg", theme_message._populate)
    theme_message.keep_theme()

    found = filled(app_session._populate_theme_msg, section)

    assert found == filled(theme_message._populate, section)


@pytest.mark.slow
def test_no_slice_of_the_first_rock_has_to_be_waited_for(task, monkeypatch):
    prefetch.start(task, "").join(60)

    monkeypatch.setattr(Predictor, "predict", pytest.fail)
    for z in range(open_source(task.source).n_slices):
        assert slice_pictures(task, z).labels
        assert slice_phases(task, z).porosity >= 0


def test_a_visitor_is_not_kept_waiting_by_what_nobody_asked_for(task, monkeypatch):
    gate, made = threading.Event(), []
    theirs = kept(line=slices._line)(lambda: gate.wait(60))
    visitor = threading.Thread(target=theirs)
    monkeypatch.setattr(prefetch, "make_ready", lambda _task, z, _truth: made.append(z))
    visitor.start()
    while not n_waiting():
        time.sleep(0.001)

    working = prefetch.start(task, "")
    time.sleep(0.1)

    assert not made
    gate.set()
    visitor.join(60)
    working.join(60)
    assert sorted(made) == list(range(open_source(task.source).n_slices))


def test_a_large_rock_is_left_until_somebody_asks(task, monkeypatch):
    monkeypatch.setattr(prefetch, "MOST_PIXELS", 1000)

    assert prefetch.start(task, "") is None


def test_a_model_that_was_replaced_is_not_worked_for(task, monkeypatch):
    monkeypatch.setattr(prefetch, "make_ready", pytest.fail)

    prefetch.start(Task(task.source, task.model_name, "another"), "").join(60)


def test_the_work_ahead_ends_before_python_does(task, monkeypatch):
    made = []
    monkeypatch.setattr(prefetch, "_is_over", threading.Event())
    monkeypatch.setattr(prefetch, "make_ready", lambda _task, z, _truth: made.append(z))

    working = prefetch.start(task, "")
    prefetch.end(working)

    assert not working.is_alive()
    assert len(made) < open_source(task.source).n_slices
