"""Who has nothing to do with a visit: other names, other sites, and lines that say nothing."""

import contextlib
import resource
import shutil
import socket
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

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
