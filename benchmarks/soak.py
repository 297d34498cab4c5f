"""Ten visitors at work for ten minutes: what stays of them on the server when they have gone.

    PYTHONPATH=.:tests/browser python benchmarks/soak.py [--minutes 10] [--sessions 10]

Starts the app as `make run` does. Each visitor sends a scan of their own, browses and segments it,
teaches strokes, leaves, and comes again as another, until the time is up. Memory, open files,
threads, processes and kept bytes are compared with those after a first round, when what all share
is in memory. Prints them; the exit status is 1 where memory grew by more than a tenth, or anything
else stayed.
"""

import argparse
import io
import json
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
import tifffile
from painting import PATIENCE_S, TICKET, Painter

from sandseg.data.any_rock import draw_slice
from sandseg.uploads.kept import HELD
from tests.faults.conftest import ROOT, Server, check_log
from tests.faults.visitor import Visitor

N_SLICES = 2
GONE_S = 10  # after which the session of a closed tab is forgotten
LET_GO_S = 120  # in which all of it has to be given back
GROWTH = 1.1


class Learner(Painter):
    """Paints in the session of a visitor, who has the page Teach open."""

    def __init__(self, visitor: Visitor, z: int):
        self.place, self.z = urlsplit(f"http://127.0.0.1:{visitor.port}"), z
        self.rng, self.known = random.Random(z), 0
        self.header = {"version": 0, "learned": -1}
        drawn = b"".join(element.SerializeToString() for element, _ in visitor.elements)
        self.ticket = TICKET.search(drawn)[1].decode()
        self.http = HTTPConnection(self.place.hostname, self.place.port, timeout=PATIENCE_S)
        self.token = self._token()


def scan(number: int) -> bytes:
    """Return a TIFF of a made-up rock, another for each number."""
    rng, file = np.random.default_rng(number), io.BytesIO()
    grey = draw_slice(1024, rng)[0]
    stack = [np.roll(grey, 40 * z, axis=1) * 60_000 for z in range(N_SLICES)]
    tifffile.imwrite(file, np.array(stack, np.uint16), photometric="minisblack")
    return file.getvalue()


def visit(port: int, content: bytes) -> None:
    """Bring a scan, look at it, segment slices of it, teach strokes, go."""
    with Visitor(port, "browse") as visitor:
        visitor.open().upload("rock.tif", content)
        check(visitor, f"{N_SLICES} slices of")
        look(visitor)
        look(visitor.open("segment"))
        visitor.open("teach")
        check(visitor)
        learner = Learner(visitor, N_SLICES // 2)
        for value in (1, 2, 1):
            learner.paint(value)
        learner.wait(is_whole=True)
        learner.http.close()


def look(visitor: Visitor) -> None:
    """Go through the slices."""
    for z in range(1, N_SLICES + 1):
        check(visitor.move(z, "Slice"))


def check(visitor: Visitor, text: str = "") -> None:
    """Check that a page is no error, and says something."""
    if visitor.widget("exception") or not visitor.says(text):
        raise AssertionError(visitor.texts())


def come_and_go(server: Server, scans: list[bytes], n_sessions: int, minutes: float) -> int:
    """Let so many visit at a time, at least once each; return how many visits it were."""
    end, count = time.monotonic() + 60 * minutes, iter(range(10**6))

    def stay(number: int) -> int:
        for n_visits in count:
            visit(server.port, scans[(number + n_visits) % len(scans)])
            if time.monotonic() > end:
                return n_visits + 1
        raise AssertionError

    with ThreadPoolExecutor(n_sessions) as pool:
        return max(pool.map(stay, range(n_sessions)))


def held(server: Server) -> dict[str, float]:
    """Return what the server holds: a number for each kind."""
    process = psutil.Process(server.process.pid)
    kept = {path.parent for path in server.work.glob(f"*/*/{HELD}")}
    files = [path for path in server.work.glob("*/**/*") if path.is_file()]
    left = [path for path in files if path.stat().st_size and not kept & {*path.parents}]
    gone = [fd for fd in Path(f"/proc/{process.pid}/fd").glob("*") if " (deleted)" in link_of(fd)]
    return {
        "memory_mb": round(process.memory_info().rss / 1e6, 1),
        "open_files": process.num_fds(),
        "removed_but_open": len(gone),
        "threads": process.num_threads(),
        "processes": len(process.children(recursive=True)),
        "files": len(left),
        "kept_for_their_strokes": len(kept),
    }


def link_of(handle: Path) -> str:
    """Return what an open file is."""
    try:
        return str(handle.readlink())
    except FileNotFoundError:
        return ""


def when_gone(server: Server, wanted: dict[str, float] | None = None) -> dict[str, float]:
    """Return what is held when sessions were forgotten, and no more is given back."""
    time.sleep(GONE_S)
    end = time.monotonic() + LET_GO_S
    found = held(server)
    while time.monotonic() < end and (found["files"] or (wanted and stayed(wanted, found))):
        time.sleep(2)
        found = held(server)
    return found


def stayed(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Return the kinds of which more is held than before."""
    most = {kind: number * (GROWTH if "mb" in kind else 1) for kind, number in before.items()}
    most["kept_for_their_strokes"] = np.inf  # their link still works, by design
    return [kind for kind, number in after.items() if number > most[kind]]


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--sessions", type=int, default=10)
    args = parser.parse_args()
    scans = [scan(number) for number in range(2 * args.sessions)]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), {}, ROOT, []).start(disconnectedSessionTTL=GONE_S)
        try:
            fresh = held(server)
            print(f"fresh: {fresh}", file=sys.stderr)
            come_and_go(server, scans, args.sessions, 0)
            before = when_gone(server)
            print(f"after a first round: {before}", file=sys.stderr)
            n_visits = come_and_go(server, scans, args.sessions, args.minutes)
            after = when_gone(server, before)
            check_log(server.log())
        finally:
            server.stop()
    kept = stayed(before, after)
    found = {"fresh": fresh, "before": before, "after": after, "stayed": kept}
    print(json.dumps({"visits": n_visits, "minutes": args.minutes, **found}, indent=1))
    sys.exit(bool(kept))


if __name__ == "__main__":
    main()
