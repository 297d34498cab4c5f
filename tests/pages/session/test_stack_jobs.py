from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.session.stack_jobs import _job_name, _request
from pages.session.state import Source
from sandseg.config import Treatment
from sandseg.model.store import load_model
from sandseg.scan.read_options import ReadOptions
from sandseg.uploads.kept import Upload

UPLOAD = Upload("visit.upload", "scan.tif", Path("/w/visit/upload/stack-0/stack.tif"))
SOURCE = Source("visit.upload", "scan.tif", str(UPLOAD.path), upload=UPLOAD)


def chosen(monkeypatch, how):
    monkeypatch.setitem(st.session_state, "own_treatments", {SOURCE.id: how})


def test_a_whole_run_is_asked_for_with_all_that_was_chosen_for_a_slice(
    grey_model_folder, monkeypatch
):
    how = Treatment("5,90", is_evened=True, sample="circle:40,30,20")
    chosen(monkeypatch, how)

    request = _request(SOURCE, load_model("grey", grey_model_folder), UPLOAD.path)

    assert (request.source, request.model, request.treatment) == (UPLOAD.path, "grey", how)
    assert request.read_options == ReadOptions(voxel_size_um=None)
    assert request.command == (
        "python -m sandseg segment scan.tif -o scan_labels.tif --model=grey --grey=5,90 "
        "--sample=circle:40,30,20 --even"
    )


def test_what_must_be_doubted_of_an_upload_goes_with_the_run(grey_model_folder, monkeypatch):
    chosen(monkeypatch, Treatment())
    doubted = replace(SOURCE, upload=replace(UPLOAD, warnings=("Slice 3 is missing.",)))

    request = _request(doubted, load_model("grey", grey_model_folder), UPLOAD.path)

    assert request.read_options.warnings == ("Slice 3 is missing.",)


def test_another_way_to_treat_a_scan_is_another_run(grey_model_folder, monkeypatch):
    model, names = load_model("grey", grey_model_folder), set()
    for how in (
        Treatment(),
        Treatment("5,90"),
        Treatment(is_evened=True),
        Treatment(sample="box:1,2,30,40"),
    ):
        chosen(monkeypatch, how)
        names.add(_job_name(SOURCE, model))

    assert len(names) == 4


def test_another_voxel_size_is_another_run_as_it_stands_in_all_files(grey_model_folder):
    model = load_model("grey", grey_model_folder)
    other = replace(SOURCE, upload=replace(UPLOAD, voxel_size_um=2.5))

    assert _job_name(SOURCE, model) != _job_name(other, model)
