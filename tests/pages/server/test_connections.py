"""Connections are held to a limit; `tests/faults/test_strangers.py` opens a thousand real ones."""

import asyncio

import pytest

from pages.server import connections
from pages.server.connections import Connections
from tests import own_loop


class Transport:
    def __init__(self):
        self.is_open = True

    def is_closing(self):
        return not self.is_open

    def abort(self):
        self.is_open = False


class Connection:
    """What Uvicorn has of one connection."""

    def __init__(self, peer):
        self.client, self.transport = (peer, 1), Transport()


@pytest.fixture
def play():
    """Open connections from these addresses; the given ones ask for something at once."""

    def run(held, peers, served=()):
        async def made():
            found = [Connection(peer) for peer in peers]
            for number, connection in enumerate(found):
                held.add(connection)
                if number in served:
                    held.served(connection)
            return [connection.transport.is_open for connection in found]

        return own_loop.run(made())

    return run


def test_the_longest_idle_makes_room_and_never_one_that_is_served(play):
    assert play(Connections(3, 99), ["10.0.0.1"] * 5, served=(0,)) == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_where_all_are_served_a_new_one_is_refused(play):
    assert play(Connections(2, 99), ["10.0.0.1"] * 3, served=(0, 1)) == [True, True, False]


def test_one_address_pushes_out_its_own_alone_and_this_computer_none(play):
    assert play(Connections(99, 1), ["10.0.0.1", "10.0.0.2", "10.0.0.1"]) == [False, True, True]
    assert play(Connections(99, 1), ["127.0.0.1"] * 3) == [True] * 3


def test_who_asks_for_nothing_is_hung_up_on_in_time(monkeypatch):
    monkeypatch.setattr(connections, "ASKS_S", 0.05)

    async def made():
        held, silent, asking = Connections(9, 9), Connection("10.0.0.1"), Connection("10.0.0.1")
        held.add(silent)
        held.add(asking)
        held.served(asking)
        await asyncio.sleep(0.2)
        return silent.transport.is_open, asking.transport.is_open

    assert own_loop.run(made()) == (False, True)


def test_the_server_may_open_as_many_files_as_the_system_allows():
    resource = pytest.importorskip("resource")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    n_files = connections.raise_file_limit()

    assert n_files == min(most if most > 0 else 10**9, connections.MOST_FILES)
