"""A decoder that a hostile file has taken over does its worst; as root, where tests are."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from sandseg.confine import landlock, rights, seccomp, start
from sandseg.confine.calls import numbers
from sandseg.confine.start import TooSlowError, ask_apart
from sandseg.scan.limits import WEB_LIMITS
from tests.confine import broken_decoder

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.confine.broken_decoder"
THREADS = {"OPENBLAS_NUM_THREADS": "1"}

pytestmark = pytest.mark.skipif(
    bool(rights.missing()), reason="This system cannot confine a process."
)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def outcomes(asked):
    """What came of each thing that the broken decoder tried."""
    os.environ["SANDSEG_TRAINING_TOKEN"] = "the teacher's"
    try:
        return json.loads(ask_apart(MODULE, asked, 60, THREADS))
    finally:
        del os.environ["SANDSEG_TRAINING_TOKEN"]


NOWHERE = {"requests": [{"target": ""}], "server": 1, "stranger": "", "app": "", "port": 0}


@pytest.mark.parametrize("deed", broken_decoder.attempts(NOWHERE))
def test_a_broken_decoder_cannot(outcomes, deed):
    assert outcomes[deed] == "PermissionError"


def test_each_of_these_would_work_without_confinement(asked):
    """Not all could be tried without harm; the others are calls that the kernel knows."""
    deeds = [
        *("read another visit's stack", "list another visit", "read the server's environment"),
        *("read the server's memory", "signal the server", "get a handle of the server"),
        *("open a connection", "listen", "use a local socket", "read the app's settings"),
        *("write beside the app", "start a program", "leave its session"),
    ]

    said = json.loads(ask_apart(MODULE, asked | {"is_free": True, "deeds": deeds}, 60, THREADS))

    # A process that leads a session cannot leave it, in a session of its own by `ask_apart`.
    assert {deed for deed in deeds if not said[deed].startswith("done")} == {"leave its session"}


def test_what_a_decoder_needs_it_can_still_do(outcomes, asked):
    assert outcomes["read its file"] == "done: 5"
    assert outcomes["write beside its stack"] == "done: 2"
    assert outcomes["rename it"] == "done: True"
    assert outcomes["start a thread"] == "done: ran"
    assert outcomes["import more"].startswith("done: png_decode")
    assert Path(asked["stranger"]).read_bytes() == b"secret"


def test_the_training_token_is_not_in_its_environment(outcomes):
    assert not [name for name in outcomes["environment"] if "SANDSEG" in name or name == "PATH"]
    assert "the teacher's" not in str(outcomes["environment"])


def alive(told):
    """The processes that wrote themselves down and still run."""
    numbers = map(int, told.read_text().split()) if told.exists() else ()
    return [
        n
        for n in numbers
        if psutil.pid_exists(n) and psutil.Process(n).status() != psutil.STATUS_ZOMBIE
    ]


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def test_what_is_too_slow_is_ended_with_its_children(asked, tmp_path):
    told = tmp_path / "alive"

    with pytest.raises(TooSlowError):
        ask_apart(MODULE, asked | {"brings": "child", "alive": str(told)}, 8, THREADS)

    assert len(told.read_text().split()) == 2
    wait_for(lambda: not alive(told))


def test_a_decoder_ends_with_its_server(asked, tmp_path):
    told = tmp_path / "alive"
    request = asked | {
        "alive": str(told),
        "requests": [{"sources": {}, "target": str(tmp_path / "stack.tif")}],
    }
    script = "import json, sys; from sandseg.confine.start import ask_apart; "
    script += f"ask_apart({MODULE!r}, json.loads(sys.argv[1]), 60)"
    server = subprocess.Popen([sys.executable, "-c", script, json.dumps(request)], cwd=ROOT)
    try:
        wait_for(lambda: alive(told))
    finally:
        server.kill()
        server.wait()

    wait_for(lambda: not alive(told))


def test_a_decoder_that_talks_without_end_says_nothing(asked):
    assert ask_apart(MODULE, asked | {"brings": "words"}, 60, THREADS) == b""


def test_what_the_system_cannot_take_away_is_said_once(monkeypatch, caplog, asked):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(seccomp, "is_offered", lambda: False)
    start._say_what_is_missing.cache_clear()

    for _ in range(2):
        ask_apart("sandseg.confine.kernel", {}, 60, THREADS)

    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "read and write all files" in said[0]
    assert "start programs, use the network and signal" in said[1]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_of_a_machine_names_each_call_once_and_fits_the_kernel(machine):
    known = numbers(machine)

    code = seccomp._code(machine)

    assert len(set(known.values())) == len(known)
    assert len(code) < 4096  # BPF_MAXINSNS
    assert not {"execve", "fork", "vfork", "kill", "socket", "ptrace", "prctl"} & set(known)
