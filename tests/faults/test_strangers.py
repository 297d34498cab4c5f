"""Who has nothing to do with a visit: other names, other sites, and lines that say nothing."""

import contextlib
import resource
import shutil
import socket
import sys
import time
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest
from visitor import Visitor

from sandseg.config import preset
from sandseg.runs.process import kill, launch
from sandseg.runs.settings import DataSource, RunSettings, write_settings
from tests.faults.conftest import SPEAKS_S

N_IDLE = 1100
N_FILES = 1024  # that a process may have open, as on most systems
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def ask(server, path="/", host=None, headers=None):
    """Return the status and the headers of an answer."""
    address = urlsplit(server.url)
    connection = HTTPConnection(address.hostname, address.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": host or address.netloc, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders())


def test_a_name_led_here_from_elsewhere_gets_no_page_and_no_websocket(serve):
    server = serve()

    assert ask(server)[0] == 200
    assert ask(server, host=f"localhost:{server.port}")[0] == 200
    assert ask(server, host="evil.example")[0] == 421
    assert ask(server, "/_stcore/stream", headers=UPGRADE)[0] == 101
    assert ask(server, "/_stcore/stream", "evil.example", UPGRADE)[0] == 403
    assert ask(server, "/api/upload/none", "evil.example")[0] == 421
    for path in ("/", "/_stcore/health", "/media/none"):
        _, headers = ask(server, path)
        assert "frame-ancestors 'self'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("hard", [N_FILES, 4 * N_FILES])
@pytest.mark.parametrize("says", [b"", b"GET / HTTP/1.1\r\nX-Drop: "])
def test_a_thousand_that_say_nothing_keep_nobody_out(serve, says, hard):
    if not (prlimit := shutil.which("prlimit")):
        pytest.skip("The limit on open files is set by prlimit.")
    server = serve(prefix=[prlimit, f"--nofile={N_FILES}:{hard}"])
    own = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(own[1], 4096), own[1]))
    size = len(server.log())
    try:
        with contextlib.ExitStack() as held:
            for _ in range(N_IDLE):
                line = held.enter_context(socket.create_connection(("127.0.0.1", server.port), 9))
                with contextlib.suppress(OSError):  # hung up on already
                    line.sendall(says)
            start = time.perf_counter()
            assert ask(server, "/_stcore/health")[0] == 200
            seconds = time.perf_counter() - start
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, own)

    assert seconds < SPEAKS_S + 2  # where all files are taken, the queue is looked at once a second
    assert len(server.log()) - size < 10_000


def new_key(server):
    """The key a browser gets with its first page."""
    cookies = SimpleCookie(ask(server)[1]["set-cookie"])
    return cookies["sandseg_key"].value


@pytest.fixture
def full_server(serve, tmp_path):
    """A server where a training is at work that nobody signed, so that others wait."""
    folder = tmp_path / "server0" / "runs" / "at-work"
    server = serve({"SANDSEG_TRAINING": "open", "SANDSEG_TRAINING_TOKEN": "the teacher's"})
    folder.mkdir(parents=True)
    write_settings(folder, RunSettings(DataSource("phantom"), preset("tiny"), "Of the operator"))
    launch([sys.executable, "-c", "import time; time.sleep(900)", str(folder)], folder)
    yield server
    for run in folder.parent.glob("*/config.json"):
        kill(run.parent)


def test_a_training_is_its_visitors_after_a_reload_and_a_restart_and_never_a_strangers(full_server):
    server, key = full_server, new_key(full_server)
    with Visitor(server.port, "train", key=key) as owner:
        owner.open().press("Start training").open()
        assert owner.says("Waiting, next in the queue"), owner.texts()
    (run,) = (server.work.parent / "runs").glob("2*")

    for is_restarted in (False, True):
        if is_restarted:
            server.kill()
            server.start()
        with Visitor(server.port, "train", key=key) as owner:
            assert owner.open().widget("button", "Delete this training"), owner.texts()
        for stranger_key in ("", new_key(server)):
            with Visitor(server.port, "train", key=stranger_key) as stranger:
                assert not stranger.open().says("Waiting, next")
                assert not stranger.says("Of the operator")
                assert stranger.open(query=f"run={run.name}").says("Waiting, next")
                assert not stranger.widget("button", "Delete this training")
    with Visitor(server.port, "train", key=key) as owner:
        owner.open().press("Delete this training")
        assert not run.exists()
