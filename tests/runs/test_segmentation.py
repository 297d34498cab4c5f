import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from sandseg.atomic import read_json, write_json
from sandseg.config import Treatment
from sandseg.export.tiff import write_image
from sandseg.model.request import SegmentRequest
from sandseg.runs.segmentation import (
    JobStatus,
    cancel_job,
    end_visit,
    job_status,
    start_segmentation,
)
from sandseg.uploads import workspace

AS_USUAL = Treatment()
PATIENCE_S = 300  # a busy machine takes its time to start Python


@pytest.fixture(autouse=True)
def _grey_model(grey_model_folder, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(grey_model_folder))


def wait_for(folder, is_reached):
    """Return every status seen until one is as wanted."""
    seen, end = [], time.monotonic() + PATIENCE_S
    while not seen or not is_reached(seen[-1]):
        assert time.monotonic() < end, seen[-1]
        seen.append(job_status(folder))
        time.sleep(0.02)
    return seen


def asked(source, treatment=AS_USUAL):
    return SegmentRequest(source, Path(), model="grey", treatment=treatment)


def has_ended(status):
    return status.state != "running"


def is_under_way(status):
    return status.n_done > 0 or has_ended(status)


def is_gone(folder):
    pid = read_json(folder / "process.json")["pid"]
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_job_counts_its_slices_and_leaves_its_files(folder, grey_noise, tmp_path, monkeypatch):
    write_image(tmp_path / "scan.tif", grey_noise(3, 40, 50))
    monkeypatch.chdir(tmp_path)

    start_segmentation(asked(Path("scan.tif"), Treatment("0,250")), folder)
    seen = wait_for(folder, has_ended)

    assert seen[-1] == JobStatus("done", 3, 3)
    counts = [status.n_done for status in seen]
    assert counts == sorted(counts)
    assert {"labels.tif", "confidence.tif", "report.json"} <= {p.name for p in folder.iterdir()}
    assert json.loads((folder / "report.json").read_text())["grey"]["high"] == 250


@pytest.mark.slow
def test_a_job_that_fails_shows_the_error_and_the_hint(folder, tmp_path):
    (tmp_path / "scan.tif").write_text("no picture")

    start_segmentation(asked(tmp_path / "scan.tif"), folder)
    status = wait_for(folder, has_ended)[-1]

    assert status.state == "failed"
    assert "not a TIFF" in status.message
    assert status.hint.startswith("Export the slices")
    assert not list(folder.glob("*.tif"))


@pytest.mark.slow
def test_a_cancelled_job_ends_and_leaves_nothing_half_written(folder, long_scan):
    start_segmentation(asked(long_scan, Treatment("identity")), folder)
    status = wait_for(folder, is_under_way)[-1]
    assert (status.state, status.n_slices) == ("running", 3000)
    assert status.seconds_left > 0

    cancel_job(folder)

    assert job_status(folder).state == "cancelled"
    end = time.monotonic() + PATIENCE_S
    while not is_gone(folder) and time.monotonic() < end:
        time.sleep(0.02)
    assert is_gone(folder)
    assert not [path for path in folder.iterdir() if "tif" in path.name]
    assert job_status(folder).state == "cancelled"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL.")
def test_a_killed_job_is_noticed(folder, long_scan):
    start_segmentation(asked(long_scan, Treatment("identity")), folder)
    wait_for(folder, is_under_way)

    os.kill(read_json(folder / "process.json")["pid"], signal.SIGKILL)
    status = wait_for(folder, has_ended)[-1]

    assert (status.state, status.message) == ("failed", "The segmentation ended unexpectedly.")
    assert status.hint
    assert 0 < status.n_done < status.n_slices


def test_another_process_with_the_same_number_is_not_the_job(folder):
    folder.mkdir()
    write_json(folder / "process.json", {"pid": os.getpid(), "command": ["sandseg", "segment"]})

    assert job_status(folder).state == "failed"
    cancel_job(folder)  # would end this very process

    assert job_status(folder).state == "cancelled"


def test_a_folder_without_a_job_has_failed(folder):
    assert job_status(folder).state == "failed"


def test_a_job_that_could_not_even_write_its_log_ended_on_a_full_disk(folder, monkeypatch):
    monkeypatch.setattr("sandseg.runs.process.LEAST_FREE", 2**62)
    folder.mkdir()

    assert job_status(folder).message == "There is no space left on the server's disk."
    (folder / "log.txt").write_text("error: Of another kind.")
    assert job_status(folder).message == "Of another kind."


def test_the_last_words_of_a_job_are_found_between_other_lines(folder):
    folder.mkdir()
    (folder / "log.txt").write_bytes(b"noise\nerror: no space\nhint: Make some.\n\xff\n")

    assert job_status(folder) == JobStatus("failed", message="no space", hint="Make some.")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            'error: "{}/labels.tif" cannot be written: No space left on device.',
            "There is no space left on the server's disk.",
        ),
        ('error: "{}/labels.tif" cannot be written.', '"labels.tif" cannot be written.'),
    ],
)
def test_the_last_words_of_a_job_hold_no_path_of_the_server(folder, said, shown):
    folder.mkdir()
    (folder / "log.txt").write_text(said.format(folder.absolute()))

    assert job_status(folder).message == shown


def test_a_job_whose_report_is_there_is_done(folder):
    folder.mkdir()
    write_json(folder / "progress.json", {"n_done": 5, "n_slices": 5, "seconds_left": 0})
    (folder / "report.json").touch()

    assert job_status(folder) == JobStatus("done", 5, 5)


@pytest.fixture
def visit(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    return workspace.new_folder()


def test_the_end_of_an_idle_visit_leaves_no_folder(visit):
    end_visit(visit)

    assert not visit.exists()
