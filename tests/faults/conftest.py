"""Servers that are killed, starved and misused: each test starts its own and leaves none behind.

Whatever happens, no log may hold a traceback; `serve` looks when the test has ended.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from sandseg.runs import process
from tests.browser import conftest as browser_tests

ROOT = Path(__file__).resolve().parents[2]
SPEAKS_S = 2.0  # within this a server answers whatever was done to it before
OPTIONS = {"address": "127.0.0.1", "headless": "true"}

browser = browser_tests.browser
wait_until_idle = browser_tests.wait_until_idle


class Server:
    """The real app in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, environment: dict[str, str], root: Path, prefix: list[str]):
        self.work, self.root, self.prefix = folder / "work", root, prefix
        runs = {"SANDSEG_WORK": str(self.work), "SANDSEG_RUNS": str(folder / "runs")}
        self.environment = {**os.environ, **runs, **environment}
        self.work = Path(self.environment["SANDSEG_WORK"])
        self.log_path = folder / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, **options: object) -> "Server":
        """Start it, wait until it answers, and let it run the app once."""
        command = [*self.prefix, sys.executable, "-u", "-m", "streamlit", "run", "server.py"]
        for name, value in {**OPTIONS, "port": self.port, **options}.items():
            command.append(f"--server.{name}={value}")
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = browser_tests.RunningApp(self.url, self.log_path)
        browser_tests._wait_until_warm(self.process, running)
        return self

    def kill(self) -> None:
        """End it at once, as a power cut or the system's memory guard would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """End it and the jobs it has left at work."""
        browser_tests._stop(self.process)
        if self.work.is_dir():
            for folder in self.jobs():
                process.kill(folder)

    def jobs(self) -> list[Path]:
        """The folders of the whole-stack runs."""
        return [path.parent for path in self.work.rglob(process.PROCESS)]

    def visits(self) -> list[Path]:
        """The folders of visits, served or ended."""
        return [path for path in self.work.iterdir() if path.name[0] != "."]

    def log(self) -> str:
        """Everything it has said so far."""
        return self.log_path.read_text(errors="replace")

    def seconds_to_answer(self) -> float:
        """How long a sign of life takes."""
        start = time.perf_counter()
        with urlopen(f"{self.url}/_stcore/health", timeout=60) as answer:
            assert answer.status == 200
        return time.perf_counter() - start

    def resident_mb(self) -> float:
        """Memory of the process alone."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6


def check_log(log: str) -> None:
    """Look for tracebacks; Streamlit writes one when a browser hangs up while it sends a file."""
    n_hung_up = log.count("starlette.requests.ClientDisconnect")
    assert log.count("Traceback") <= n_hung_up, log[-4000:]


@pytest.fixture
def serve(tmp_path, phantom_at_hand):
    """Starts a server with an environment, of a copy of the app, behind a command of one's own."""
    started = []

    def start(environment=None, root=ROOT, prefix=(), **options):
        folder = tmp_path / f"server{len(started)}"
        folder.mkdir()
        server = Server(folder, environment or {}, root, list(prefix))
        started.append(server)
        return server.start(**options)

    yield start
    for server in started:
        with contextlib.suppress(AttributeError):
            server.stop()
    for server in started:
        check_log(server.log())


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 40 MB; only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("A small disk can only be made by root, where mounting is allowed.")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
