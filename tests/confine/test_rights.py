"""A decoder that a hostile file has taken over does its worst; as root, where tests are."""

import json
from pathlib import Path

import pytest

from sandseg.confine import rights
from sandseg.confine.start import ask_apart
from tests.confine import broken_decoder
from tests.confine.conftest import MODULE, THREADS

pytestmark = pytest.mark.skipif(
    bool(rights.missing()), reason="This system cannot confine a process."
)


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
