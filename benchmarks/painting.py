"""How soon the picture follows a stroke, for one painter and for many at once.

    PYTHONPATH=.:tests/browser python benchmarks/painting.py [--painters 1 10] [--strokes 20]
                                                             [--drawn 40]

Starts the app as `make run` does, opens the page Teach in sessions of their own (Streamlit's own
protocol, no browser), and paints on slices of 1024 × 996 by the route a browser paints by. Measured
is the time from the end of a stroke until new labels of what is seen are there, and until those of
the whole slice are; and the largest memory of the server. "First" is the second stroke on a slice
that nobody looked at before: until labels around the strokes are there, and until all that is seen
has labels of them.

With `--drawn` so many strokes are painted with the mouse in real Chromium, too (at least 30): timed
is from the release of the button until pixels of the canvas have changed by labels that were
learned from that stroke, and are painted. Strokes that change no label are counted, not timed.
"""

import argparse
import json
import os
import random
import re
import secrets
import statistics
import struct
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
from find_chromium import find_chromium
from playwright.sync_api import Page, sync_playwright
from scipy import ndimage
from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: TID251 - what a browser says
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: TID251
from websockets.sync.client import connect

from sandseg.export.tiff import write_image
from sandseg.uploads import kept, workspace
from sandseg.uploads.receive import Arrived
from tests.browser import conftest as served

SHAPE = (12, 1024, 996)
TICKET = re.compile(rb"api/paint/([\w-]{43})/")
PATIENCE_S = 120
FIRST = 2  # events once a stroke is painted: the classes come before it
LEAST_DRAWN = 30


@dataclass
class Times:
    """Seconds of all painters."""

    first: list[float] = field(default_factory=list)  # stroke on a slice nobody looked at before
    first_of_all_seen: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


class Painter:
    """One visitor of the page Teach."""

    def __init__(self, url: str, rock: str, z: int):
        self.place, self.z, self.rng = urlsplit(url), z, random.Random(z)
        self.known, self.header = 0, {"version": 0, "learned": -1}
        self.socket = connect(
            f"ws://{self.place.netloc}/_stcore/stream",
            max_size=None,
            subprotocols=["streamlit"],
            legacy=True,
        )
        self.ticket = self._open(f"sample={rock}&slice={z + 1}")
        self.http = HTTPConnection(self.place.hostname, self.place.port, timeout=PATIENCE_S)
        self.token = self._token()

    def _open(self, query: str) -> str:
        message = BackMsg()
        message.rerun_script.page_name = "teach"
        message.rerun_script.query_string = query
        self.socket.send(message.SerializeToString())
        found = None
        while True:
            raw = self.socket.recv(PATIENCE_S)
            found = TICKET.search(raw) or found
            message = ForwardMsg()
            message.ParseFromString(raw)
            if message.WhichOneof("type") == "script_finished":
                return found[1].decode()

    def _token(self) -> str:
        self.http.request("GET", "/_stcore/health")
        answer = self.http.getresponse()
        answer.read()
        return re.search(r"_streamlit_xsrf=([^;]*)", answer.getheader("Set-Cookie"))[1]

    def paint(self, value: int) -> float:
        """Paint a stroke; return when it ended."""
        x, y = self.rng.randrange(150, 850), self.rng.randrange(150, 850)
        points = [[x + i * self.rng.randrange(1, 6), y + i] for i in range(12)]
        event = {"do": "paint", "axis": "z", "at": self.z, "tool": "brush", "size": 9}
        event |= {"id": secrets.token_urlsafe(12), "value": value, "points": points}
        end = time.perf_counter()
        body = json.dumps({"known": self.known, "events": [event]})
        headers = {"X-Xsrftoken": self.token, "Cookie": f"_streamlit_xsrf={self.token}"}
        self.http.request("POST", f"/api/paint/{self.ticket}/events", body, headers)
        answer = json.loads(self.http.getresponse().read())
        self.known = answer["n"]
        if answer["refused"]:
            raise SystemExit(f"A stroke was refused: {answer['refused']}")
        return end

    def wait(self, is_whole: bool = False, is_partial: bool = False) -> None:
        """Wait for labels of all strokes so far: of all, of what is seen, or of parts of it."""
        end = time.monotonic() + PATIENCE_S
        while not self._is_there(is_whole, is_partial):
            if time.monotonic() > end:
                raise SystemExit("The picture never followed.")
            query = f"z={self.z}&have={self.header['version']}&box=0,0,{SHAPE[2]},{SHAPE[1]}"
            self.http.request("GET", f"/api/paint/{self.ticket}/labels?{query}")
            answer = self.http.getresponse()
            content = answer.read()
            if answer.status == 204:
                continue
            if answer.status != 200:
                raise SystemExit(f"Status {answer.status}: {content}")
            (length,) = struct.unpack_from("<I", content)
            self.header = json.loads(content[4 : 4 + length])

    def _is_there(self, is_whole: bool, is_partial: bool) -> bool:
        header = self.header
        if header["learned"] < self.known:
            return False
        return is_partial or (header["isWhole"] if is_whole else not header["isPartial"])

    def session(self, n_strokes: int, wait_s: float, times: Times) -> None:
        """Paint as a person would: a stroke, a look, another stroke."""
        self.paint(1)
        end = self.paint(2)
        self.wait(is_partial=True)
        times.first.append(time.perf_counter() - end)
        self.wait()
        times.first_of_all_seen.append(time.perf_counter() - end)
        for i in range(n_strokes):
            time.sleep(wait_s * self.rng.uniform(0.5, 1.5))
            start = time.perf_counter()
            times.seen.append(self.painted(1 + i % 3))
            self.wait(is_whole=True)
            times.whole.append(time.perf_counter() - start)

    def painted(self, value: int) -> float:
        """Paint a stroke; return after how many seconds the picture follows."""
        end = self.paint(value)
        self.wait()
        return time.perf_counter() - end


@contextmanager
def largest_memory(port: int):  # noqa: ANN201 - a list with one number, in MB
    """Watch the server's memory all the time."""
    wanted = f"--server.port={port}"
    found = psutil.process_iter(["cmdline"])
    server = next(p for p in found if wanted in (p.info["cmdline"] or []))
    largest, is_over = [0.0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            largest[0] = max(largest[0], server.memory_info().rss / 1e6)

    threading.Thread(target=watch, daemon=True).start()
    yield largest
    is_over.set()


def bring_rock(work: Path) -> str:
    """Keep a made-up scan as if somebody had sent it: grains, pores and bright specks; its id."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(SHAPE[0], 128, 125))
    smooth = ndimage.zoom(coarse, (1, 8, 8), order=1)[:, : SHAPE[1], : SHAPE[2]]
    rock = np.where(smooth > 0.4, 40, 125) + np.where(smooth < -1.6, 110, 0)
    noisy = np.clip(rock + rng.normal(0, 14, rock.shape), 0, 255).astype(np.uint8)
    os.environ["SANDSEG_WORK"] = str(work)
    folder = workspace.new_folder(workspace.new_visit())
    path = folder / "original-000"
    write_image(path, noisy, None)
    upload = kept.open_kept(kept.keep([Arrived("rock.tif", path)]))
    kept.hold(upload)
    return upload.id


def text(name: str, values: list[float]) -> str:
    """Return median and 95th percentile of some times."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{name}: median {statistics.median(ordered):.2f} s, p95 {p95:.2f} s, n {len(ordered)}"


def measure(n_painters: int, n_strokes: int, wait_s: float) -> None:
    """Let so many paint at once on a fresh server, each on a slice of their own, and print."""
    with tempfile.TemporaryDirectory() as folder:
        rock = bring_rock(Path(folder) / "sandseg_work")
        with served._served(Path(folder) / "log.txt") as app:
            with largest_memory(urlsplit(app.url).port) as memory:
                times = Times()
                painters = [Painter(app.url, rock, z % SHAPE[0]) for z in range(n_painters)]
                threads = [
                    threading.Thread(target=p.session, args=(n_strokes, wait_s, times))
                    for p in painters
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            print(f"{n_painters} painters, a stroke every {wait_s} s; server {memory[0]:.0f} MB")
            for name, values in vars(times).items():
                print("  " + text(name, values))


WATCH = """() => {
  const find = (node) => {
    const found = node.querySelector?.(".viewer[data-frames]");
    if (found) return found;
    for (const one of node.querySelectorAll("*")) {
      const inside = one.shadowRoot && find(one.shadowRoot);
      if (inside) return inside;
    }
    return null;
  };
  const viewer = find(document);
  const canvas = viewer.querySelector("canvas");
  const read = () => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer);
  };
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const watch = (window.watched = { learned: -1, isWhole: false });
  addEventListener("sandseg-taught", ({ detail }) => Object.assign(watch, detail));
  addEventListener("pointerup", async () => {
    const start = performance.now();
    watch.result = null;
    await frame();
    const before = read();
    for (let frames = ""; ; await frame()) {
      if (watch.learned < watch.wanted || viewer.dataset.frames === frames) continue;
      frames = viewer.dataset.frames;
      const now = read();
      const at = performance.now();
      if (now.some((pixel, i) => pixel !== before[i])) watch.result = at - start;
      else if (watch.isWhole) watch.result = -1;
      else continue;
      return;
    }
  }, true);
}"""


def draw(page: Page, rng: random.Random, wanted: int) -> float:
    """Paint a stroke with the mouse; return after how many ms it is seen, -1 for never."""
    page.keyboard.press(str(1 + wanted % 3))
    page.evaluate(
        "wanted => { window.watched.wanted = wanted; window.watched.result = null; }", wanted
    )
    scale, *middle = map(float, page.locator(".viewer").get_attribute("data-view").split())
    box = page.locator(".viewer canvas").first.bounding_box()
    place = [rng.randrange(150, 850), rng.randrange(150, 850)]
    x, y = (
        box[side] + box[length] / 2 + (at + 0.5 - seen) * scale
        for side, length, at, seen in zip("xy", ("width", "height"), place, middle, strict=True)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y + 6, steps=4)
    page.mouse.up()
    if wanted == FIRST:
        return -1  # nothing can be told apart yet
    is_seen = "() => window.watched.result !== null"
    page.wait_for_function(is_seen, timeout=PATIENCE_S * 1000)
    return page.evaluate("() => window.watched.result")


def measure_drawn(n_strokes: int) -> None:
    """Paint in real Chromium, one stroke after the other, and print when each is seen."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        rock = bring_rock(Path(folder) / "sandseg_work")
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=served.CHROMIUM_ARGS
        )
        with served._served(Path(folder) / "log.txt") as app:
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{app.url}/teach?sample={rock}&slice=1")
            page.locator(".viewer[data-frames] canvas").first.wait_for(timeout=PATIENCE_S * 1000)
            page.wait_for_function(served.IS_IDLE, timeout=PATIENCE_S * 1000, polling=50)
            page.evaluate(WATCH)
            rng, found = random.Random(0), []
            for n in range(FIRST, FIRST + 2 + n_strokes):
                found.append(draw(page, rng, wanted=n))
                page.wait_for_timeout(1500)
            seen = [ms / 1000 for ms in found[2:] if ms >= 0]  # the first two open the slice
            n_unseen = n_strokes - len(seen)
            print(f"In Chromium; {n_unseen} of {n_strokes} strokes changed no label that is seen")
            print("  " + text("drawn", seen))
        chromium.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--painters", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--strokes", type=int, default=20)
    parser.add_argument("--wait", type=float, default=2.0)
    parser.add_argument("--drawn", type=int, default=0)
    args = parser.parse_args()
    for n_painters in args.painters:
        measure(n_painters, args.strokes, args.wait)
    if args.drawn:
        measure_drawn(max(args.drawn, LEAST_DRAWN))


if __name__ == "__main__":
    main()
