"""What happens when the server starts."""

import pytest

import server
from tests import own_loop


@pytest.fixture
def start(monkeypatch):
    """A function that starts and ends a server that listens nowhere."""
    monkeypatch.setattr(server.config, "set_option", lambda *_: None)
    option = server.config.get_option
    monkeypatch.setattr(
        server.config, "get_option", lambda name: name == "server.headless" or option(name)
    )

    async def live():
        async with server.lifespan(server.app):
            pass

    return lambda: own_loop.run(live())


def test_trainings_that_wait_begin_though_nobody_looks(start, monkeypatch):
    calls = []
    monkeypatch.setattr(server, "advance_queue", lambda: calls.append("advanced"))

    start()

    assert calls == ["advanced"]
