"""Large visits come and go, servers are killed in the midst of them: the disk is as it was."""

import contextlib
import logging
import math
import random
import threading
import time
from pathlib import Path

import pytest
from visitor import Visitor, tiff_bytes

from sandseg.runs.segmentation import sweep_visits
from sandseg.settings import FAULT_SEED, FAULT_VISITS, WORK
from sandseg.uploads import kept, workspace

pytestmark = pytest.mark.fault

SHAPE = (160, 700, 715)  # 80 MB
N_BYTES = math.prod(SHAPE)
BACK_S = 60
LATEST_KILL_S = 5.0  # after the first bytes came: in sending, decoding or looking
A_FEW = 2 * 10**6  # bytes
_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def scan():
    return tiff_bytes(*SHAPE)


def bytes_on_disk(server):
    """What the work folder takes: files by the blocks they have, and removed ones still open."""
    held = {}
    places = [*server.work.rglob("*")] if server.work.is_dir() else []
    places += Path(f"/proc/{server.process.pid}/fd").glob("*")
    for place in places:
        with contextlib.suppress(OSError):
            target = str(place.readlink() if place.is_symlink() else place)
            facts = place.stat()
            if str(server.work) in target:
                held[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    return sum(held.values())


def wait_until_back(server, most):
    """Wait until the disk holds so little; return the seconds it took."""
    start = time.monotonic()
    while (held := bytes_on_disk(server)) > most:
        assert time.monotonic() < start + BACK_S, f"{held / 1e6:.0f} MB are still held"
        time.sleep(1)
    return time.monotonic() - start


@pytest.mark.timeout(3600)
def test_large_visits_come_and_go_and_the_disk_is_as_it_was(serve, scan):
    server = serve(disconnectedSessionTTL=1)
    before = bytes_on_disk(server)
    n_visits = int(FAULT_VISITS.read())
    with contextlib.ExitStack() as tabs:
        for _ in range(n_visits):
            visitor = tabs.enter_context(Visitor(server.port, "browse"))
            visitor.open().upload("scan.tif", scan)
            assert visitor.says(f"{SHAPE[0]} slices of"), visitor.texts()
            visitor.move(3, "Slice")
        most = bytes_on_disk(server)
        assert most > n_visits * N_BYTES  # else this measures nothing

    # Nobody comes any more, so nobody else's visit lets go of them.
    seconds = wait_until_back(server, before + A_FEW)

    _log.info("at most %.0f MB, back after %.0f s", most / 1e6, seconds)


@pytest.mark.timeout(3600)
def test_a_server_killed_at_any_moment_leaves_no_halves_to_the_next_one(serve, scan, monkeypatch):
    server = serve()
    monkeypatch.setenv(WORK.name, str(server.work))
    moments = random.Random(int(FAULT_SEED.read()))  # noqa: S311
    for _ in range(int(FAULT_VISITS.read()) // 2):
        before = bytes_on_disk(server)
        visiting = threading.Thread(target=send_and_look, args=(server.port, scan))
        visiting.start()
        while visiting.is_alive() and bytes_on_disk(server) <= before:
            time.sleep(0.02)
        after = moments.uniform(0, LATEST_KILL_S)
        time.sleep(after)
        server.kill()
        visiting.join()
        held = bytes_on_disk(server)

        server.start()

        # A stack that came whole stays for its link, and makes room when others need it.
        seconds = wait_until_back(server, whole_bytes(server) + A_FEW)
        _log.info("killed at %.1f s with %.0f MB, clean in %.0f s", after, held / 1e6, seconds)
    for place in workspace.unserved():
        workspace.remove_folder(place)
    sweep_visits()
    assert bytes_on_disk(server) < A_FEW


def send_and_look(port, scan):
    """Be a visitor who may find the server gone at any moment."""
    with contextlib.suppress(Exception), Visitor(port, "browse") as visitor:
        visitor.open().upload("scan.tif", scan)
        for z in range(1, SHAPE[0] + 1):
            visitor.move(z, "Slice")


def whole_bytes(server):
    """What the stacks take that a link still leads to."""
    found = [kept.find(f"{folder.parent.name}.{folder.name}") for folder in server.work.glob("*/*")]
    return sum(upload.path.stat().st_size for upload in found if upload)
