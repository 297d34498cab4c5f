"""The server is killed: nothing that was asked for is lost, and the next one starts clean."""

import os
import time

import pytest
import tifffile
from visitor import Visitor, tiff_bytes

from sandseg.runs.process import is_alive, kill
from sandseg.runs.segmentation import LABELS, job_status

pytestmark = pytest.mark.fault

JOB_TIMEOUT_S = 300
TWO_DAYS_S = 2 * 24 * 3600


def start_whole_run(server):
    """Ask for the whole phantom and return the folder of the run."""
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        visitor.open().press("Segment all")
    return server.jobs()[0]


def wait_until_ended(folder):
    end = time.monotonic() + JOB_TIMEOUT_S
    while is_alive(folder):
        assert time.monotonic() < end
        time.sleep(0.5)


def test_a_whole_run_goes_on_when_the_server_is_killed(serve):
    server = serve()
    folder = start_whole_run(server)

    server.kill()
    wait_until_ended(folder)

    status = job_status(folder)
    assert status.state == "done", status.message
    with tifffile.TiffFile(folder / LABELS) as labels:
        assert len(labels.pages) == status.n_slices == 64


def test_a_run_that_is_killed_with_the_server_is_reported_not_waited_for(serve):
    server = serve()
    folder = start_whole_run(server)

    kill(folder)
    server.kill()
    wait_until_ended(folder)

    status = job_status(folder)
    assert status.state == "failed"
    assert status.message
    assert status.hint
    assert not (folder / LABELS).exists()


def test_a_server_started_again_is_clean_and_sweeps_what_is_old(serve):
    server = serve()
    folder = start_whole_run(server)
    server.kill()
    kill(folder)
    wait_until_ended(folder)
    young = server.work / "of-today"
    young.mkdir()
    then = time.time() - TWO_DAYS_S
    for path in (*folder.rglob("*"), folder, *folder.parents):
        if server.work in path.parents:
            os.utime(path, (then, then))

    server.start()

    assert not folder.exists()
    assert young.exists()
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        assert visitor.open().widget("button", "Segment all 64 slices")


@pytest.mark.parametrize("days", [-400, 400])
def test_a_server_whose_clock_jumped_sweeps_and_serves(serve, days):
    server = serve()
    with Visitor(server.port, "segment") as visitor:
        visitor.open().upload("scan.tif", tiff_bytes(3, 40, 50))
        server.kill()
    [folder] = server.visits()
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (time.time() + days * 24 * 3600,) * 2)

    server.start()

    assert not folder.exists()
    assert server.seconds_to_answer() < 2


@pytest.mark.parametrize("days", [-400, 400])
def test_a_run_is_watched_by_its_process_not_by_the_clock(serve, days):
    server = serve()
    folder = start_whole_run(server)

    for path in folder.rglob("*"):
        os.utime(path, (time.time() + days * 24 * 3600,) * 2)

    assert job_status(folder).state in ("running", "done")
