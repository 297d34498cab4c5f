import pytest

from pages.server import hosts
from pages.server.hosts import KnownHosts, is_known
from tests import own_loop

LOCAL = {"server.address": "127.0.0.1"}
EVERYWHERE = {"server.address": "0.0.0.0"}  # noqa: S104


@pytest.fixture
def options(monkeypatch):
    """Set Streamlit's options; others are as where nobody sets any."""

    def set_all(chosen):
        monkeypatch.setattr(hosts.config, "get_option", chosen.get)
        monkeypatch.setattr(hosts.config, "is_manually_set", lambda name: name in chosen)

    monkeypatch.setattr(hosts, "_own_names", lambda: ("lab-7", "lab-7.local", "lab-7.uni.example"))
    return set_all


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501", "127.8.9.1", "a.localhost"],
)
@pytest.mark.parametrize("chosen", [LOCAL, EVERYWHERE, {}], ids=["local", "everywhere", "unset"])
def test_this_computer_is_always_known(options, host, chosen):
    options(chosen)

    assert is_known(host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("", ":8501", "user@localhost", "localhost/x", "localhost:x", "localhost#", "[::1", "a b"),
    ],
)
@pytest.mark.parametrize("chosen", [LOCAL, EVERYWHERE], ids=["local", "everywhere"])
def test_names_of_strangers_are_not(options, host, chosen):
    options(chosen)

    assert not is_known(host)


def test_its_own_names_and_addresses_are_known_where_it_listens_to_others(options):
    others = ("lab-7:8501", "lab-7.local", "lab-7.uni.example.", "192.168.1.20:8501", "[fe80::1]")

    options(EVERYWHERE)
    assert all(map(is_known, others))
    options(LOCAL)
    assert not any(map(is_known, others))


def test_names_that_are_set_are_known(options):
    options(
        {
            **LOCAL,
            "server.allowedHosts": ["sand.example.org", "*.uni.example"],
            "server.corsAllowedOrigins": ["https://proxy.example:8443"],
        }
    )

    assert all(map(is_known, ("Sand.example.org", "a.b.uni.example", "proxy.example")))
    assert not any(map(is_known, ("uni.example", "xuni.example", "example.org")))


@pytest.mark.parametrize(
    ("kind", "first"),
    [("http", {"status": 421}), ("websocket", {"type": "websocket.close"})],
)
def test_a_request_for_another_name_never_reaches_the_app(options, caplog, kind, first):
    options(LOCAL)
    said = []

    async def app(scope, receive, send):
        raise AssertionError

    async def send(message):
        said.append(message)

    async def many():
        for _ in range(3):
            scope = {"type": kind, "headers": [(b"host", b"evil.example")], "method": "GET"}
            await guarded(scope, None, send)

    guarded = KnownHosts(app)
    own_loop.run(many())

    assert first.items() <= said[0].items()
    assert len([record for record in caplog.records if "evil.example" in record.message]) == 1
