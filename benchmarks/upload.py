"""How much memory the server takes while a browser uploads a large stack and looks at it.

    PYTHONPATH=. python benchmarks/upload.py [--gigabytes 1] [--folder /tmp]

Makes an uncompressed 16-bit stack, starts the app as `make run` does, lets a real Chromium send it
on Segment and then open Browse, and prints for each part the seconds and the largest resident
memory of the server, and of the process that decodes beside it. The folder needs three times the
stack's size.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from memory import make_stack
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import conftest as served

TIMEOUT_MS = 900_000
SAMPLE_S = 0.02


class Watcher:
    """Measures a process and its children all the time; knows the largest of each part."""

    def __init__(self, process: psutil.Process):
        self.process, self.parts, self.part = process, {}, "before"
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            with suppress(psutil.NoSuchProcess):
                found = {
                    "server_mb": self.process.memory_info().rss / 1e6,
                    "decoder_mb": sum(p.memory_info().rss for p in self.process.children()) / 1e6,
                }
                part = self.parts.setdefault(self.part, {})
                for name, value in found.items():
                    part[name] = max(part.get(name, 0), round(value))
            time.sleep(SAMPLE_S)

    @contextmanager
    def during(self, part: str) -> Iterator[None]:
        """Count what happens meanwhile under this name."""
        self.part, start = part, time.perf_counter()
        yield
        time.sleep(2 * SAMPLE_S)
        self.parts[part]["seconds"] = round(time.perf_counter() - start, 1)


def wait(page: Page) -> None:
    """Wait until the page is drawn."""
    page.locator("canvas").first.wait_for(timeout=TIMEOUT_MS)
    page.wait_for_timeout(served.SETTLE_MS)
    page.wait_for_function(served.IS_IDLE, timeout=TIMEOUT_MS, polling=50)


def measure(app: served.RunningApp, stack: Path, n_slices: int) -> dict:
    """Upload a stack and look at it; return what was measured."""
    port = f"--server.port={urlsplit(app.url).port}"
    found = psutil.process_iter(["cmdline"])
    watcher = Watcher(next(p for p in found if port in (p.info["cmdline"] or [])))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=served.find_chromium(), args=served.CHROMIUM_ARGS
        )
        page = chromium.new_page(base_url=app.url)
        with watcher.during("a page with a sample"):
            page.goto("/segment")
            wait(page)
        with (
            watcher.during("sending"),
            page.expect_response("**/api/upload/*", timeout=TIMEOUT_MS),
        ):
            page.locator('input[type="file"]').first.set_input_files(stack)
        with watcher.during("reading, segmenting a slice"):
            expect(page.get_by_text(f"{n_slices} slices of").first).to_be_visible(
                timeout=TIMEOUT_MS
            )
            wait(page)
        with watcher.during("browsing"):
            page.get_by_role("link", name="Browse").click()
            expect(page.get_by_role("heading", name="Browse")).to_be_visible(timeout=TIMEOUT_MS)
            wait(page)
        chromium.close()
    return watcher.parts


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="for the stack; the system's by default")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        stack = Path(name) / "stack.tif"
        shape = make_stack(stack, int(args.gigabytes * 2**30))
        os.environ["SANDSEG_WORK"] = str(Path(name) / "work")
        with served._served(Path(name) / "server.log") as app:
            parts = measure(app, stack, shape[0])
        found = {"shape": shape, "file_bytes": stack.stat().st_size, **parts}
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
