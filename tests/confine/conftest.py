"""A decoder that is taken over, and what lies around it: another visit, a server, an app."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from sandseg.confine.start import ask_apart
from sandseg.scan.limits import WEB_LIMITS

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.confine.broken_decoder"
THREADS = {"OPENBLAS_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def asked(tmp_path_factory):
    """A request whose file is in one visit; beside it another visit, a server and an app."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("mine", "stranger", "app", "app/sandseg", "app/.streamlit"):
        (folder / name).mkdir()
    (folder / "mine/original").write_bytes(b"12345")
    (folder / "stranger/stack.tif").write_bytes(b"secret")
    (folder / "app/.streamlit/config.toml").write_text("secret")
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield {
            "limits": asdict(WEB_LIMITS),
            "room": 10**6,
            "requests": [
                {
                    "sources": {"rock.tif": str(folder / "mine/original")},
                    "target": str(folder / "mine/stack.tif"),
                }
            ],
            "stranger": str(folder / "stranger/stack.tif"),
            "app": str(folder / "app"),
            "server": server.pid,
            "port": listening.getsockname()[1],
        }
        assert server.poll() is None, "it was ended"
    server.kill()
    server.wait()


@pytest.fixture(scope="session")
def outcomes(asked):
    """What came of each thing that the broken decoder tried."""
    os.environ["SANDSEG_TRAINING_TOKEN"] = "the teacher's"
    try:
        return json.loads(ask_apart(MODULE, asked, 60, THREADS))
    finally:
        del os.environ["SANDSEG_TRAINING_TOKEN"]


@pytest.fixture
def in_a_child():
    """Runs lines of Python in a process of their own, which may give up what it likes.

    They write what they found into `said`, which is returned.
    """

    def run(code, *arguments):
        head = "import json, os, sys; from pathlib import Path; said = {}; "
        head += "from tests.confine.broken_decoder import outcome\n"
        command = [sys.executable, "-c", f"{head}{code}\nprint(json.dumps(said))"]
        child = subprocess.run(
            [*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert child.returncode == 0, child.stderr
        return json.loads(child.stdout)

    return run
