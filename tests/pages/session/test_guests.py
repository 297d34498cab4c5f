"""Who comes by a link to another visitor's upload: they look, and change nothing of it."""

import io

import numpy as np
import pytest
import streamlit as st
import tifffile

from pages.cache.models import list_models
from pages.session import stack_jobs, state
from sandseg.ownership import sign
from sandseg.runs import segmentation
from sandseg.uploads import kept, workspace
from sandseg.uploads.receive import Wanted, receive

SEGMENT = "pages/segment.py"


@pytest.fixture
def theirs(open_page, rng):
    """An upload of another visitor: two channels of two slices each."""
    image = rng.integers(0, 255, (2, 2, 64, 64), dtype=np.uint8)
    two = io.BytesIO()
    tifffile.imwrite(two, image, imagej=True, metadata={"axes": "ZCYX"})
    files = receive(workspace.new_visit(), [("theirs.tif", two.getvalue())], Wanted(("tif",)))
    folder = kept.keep(files)
    sign(folder, "the key of their browser")
    return kept.open_kept(folder, {"channel": 0})


def open_link(open_page, upload):
    """Come by a link, and open what says how the file was read."""
    at = open_page(SEGMENT, sample=upload.id)
    at.session_state["read"] = True
    return at.run()


def words(at):
    return " ".join(caption.value for caption in at.caption).replace("\\", "")


def test_who_comes_by_a_link_says_the_voxel_size_for_themselves_alone(open_page, theirs):
    at = open_link(open_page, theirs)

    at.number_input(key=f"voxel-{theirs.id}").set_value(77.0).run()
    at.run()  # a browser would have drawn the fragment alone

    assert not at.exception
    assert "voxel size 77 µm" in words(at)
    assert kept.find(theirs.id).voxel_size_um is None


def test_who_comes_by_a_link_reads_the_file_as_its_owner_does(open_page, theirs, monkeypatch):
    at = open_link(open_page, theirs)
    assert not [box for box in at.selectbox if box.label == "Channel"]

    monkeypatch.setattr(state, "own_key", lambda: "the key of their browser")
    at = open_link(open_page, theirs)
    channel = next(box for box in at.selectbox if box.label == "Channel")
    channel.set_value(1).run()

    assert not at.exception
    assert kept.find(theirs.id).choices.open["channel"].chosen == 1


def test_a_file_is_not_read_another_way_by_who_did_not_bring_it(theirs, monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(state, "own_key", lambda: "another key")

    state.open_file(theirs.folder, {"channel": 1}, None)
    assert state.pop_refusal() == state.NOT_YOURS
    state.ask_layout_again(theirs)
    assert state.pending_file() is None

    assert state.pop_refusal() == state.NOT_YOURS
    assert kept.find(theirs.id) == theirs


def test_a_run_is_seen_by_its_link_and_ended_by_its_owner_alone(open_page, theirs, monkeypatch):
    at = open_page(SEGMENT, sample=theirs.id)
    model, source = list_models()[0], state._source(theirs)
    job = theirs.folder / kept.JOBS / stack_jobs._job_name(source, model)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(state, "own_key", lambda: "another key")
    assert stack_jobs._job_place(source, model).parent != job.parent
    job.mkdir(parents=True)
    (job / segmentation.REPORT).write_text("{}")
    assert stack_jobs.job_folder(source, model) == job

    stack_jobs.end_job(source, model)
    assert not (job / segmentation.CANCELLED).exists()
    monkeypatch.setattr(state, "own_key", lambda: "the key of their browser")
    stack_jobs.end_job(source, model)

    assert not job.exists()
    assert not at.exception
