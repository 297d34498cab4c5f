import json
import subprocess
import sys
import time

import psutil
import pytest

from sandseg.confine import landlock, rights, seccomp, start
from sandseg.confine.start import TooSlowError, ask_apart
from tests.confine.conftest import MODULE, ROOT, THREADS

confined = pytest.mark.skipif(
    bool(rights.missing()), reason="This system cannot confine a process."
)


def test_a_module_gets_a_request_and_its_answer_comes_back():
    request = {"name": "körnig", "numbers": [1, 2.5, None]}

    assert json.loads(ask_apart("json.tool", request, 60)) == request


def test_a_process_that_fails_has_said_nothing():
    assert ask_apart("sandseg.no_such_module", {}, 60) == b""


@confined
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


@confined
def test_what_is_too_slow_is_ended_with_its_children(asked, tmp_path):
    told = tmp_path / "alive"

    with pytest.raises(TooSlowError):
        ask_apart(MODULE, asked | {"brings": "child", "alive": str(told)}, 8, THREADS)

    assert len(told.read_text().split()) == 2
    wait_for(lambda: not alive(told))


@confined
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


@confined
def test_a_decoder_that_talks_without_end_says_nothing(asked):
    assert ask_apart(MODULE, asked | {"brings": "words"}, 60, THREADS) == b""


@confined
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
