"""The real app on a real server, seen by a real browser.

`page` starts out of the app's first page and fails the test on errors of our own JavaScript, and on
each request to another host.
Playwright keeps an event loop in this thread: no `asyncio.run` in these tests, use threads.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from find_chromium import find_chromium
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from sandseg.model.store import list_models

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
START_TIMEOUT_S = 120
TIMEOUT_S = 60  # the first page loads all of the interface, and the machine may be busy
SETTLE_MS = 150  # the app looks idle for so long after a click, and before it loads widgets' code
IS_IDLE = f"""() => {{
  const app = document.querySelector('[data-testid="stApp"]');
  const isDrawn = app?.dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]');
  window.idleSince = isDrawn ? (window.idleSince ?? performance.now()) : null;
  return isDrawn && performance.now() - window.idleSince > {SETTLE_MS};
}}"""
CHROMIUM_ARGS = (
    "--no-sandbox",  # containers run tests as root
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a room without internet
)


@dataclass(frozen=True)
class RunningApp:
    """A served app: where it answers and where it writes its log."""

    url: str
    log_path: Path

    def log(self) -> str:
        """Everything the server has said so far."""
        return self.log_path.read_text(errors="replace")

    def log_tail(self, n_lines: int = 40) -> str:
        """The last lines of the log."""
        return "\n".join(self.log().splitlines()[-n_lines:])


def pytest_itemcollected(item):
    """Mark the tests of this folder."""
    if HERE in item.path.resolve().parents:  # somebody may have come here through a link
        item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the end of the server's log with each failure."""
    report = yield
    if report.failed and "app" in item.funcargs:
        report.sections.append(("log of the server", item.funcargs["app"].log_tail()))
    return report


@pytest.fixture
def stored_model():
    """Skip where there is nothing to segment with."""
    if not list_models():
        pytest.skip("There is no model in models/ (or SANDSEG_MODELS).")


@pytest.fixture(scope="session")
def app(tmp_path_factory, phantom_at_hand):
    with _served(tmp_path_factory.mktemp("server") / "streamlit.log") as running:
        yield running


@pytest.fixture
def fresh_app(tmp_path):
    """A server that nobody has visited yet: what it holds in memory is this test's own doing."""
    with _served(tmp_path / "streamlit.log") as running:
        yield running


@pytest.fixture
def serve(tmp_path, phantom_at_hand):
    """Starts a server of this test's own, which ends with its `with` block."""
    return lambda entry="server.py": _served(tmp_path / "streamlit.log", entry)


@contextmanager
def _served(log_path, entry="server.py"):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = RunningApp(f"http://127.0.0.1:{port}", log_path)
    options = {"address": "127.0.0.1", "port": port, "headless": "true"}
    command = [sys.executable, "-u", "-m", "streamlit", "run", entry]
    command += [f"--server.{name}={value}" for name, value in options.items()]
    ours = {name: str(log_path.parent / name.lower()) for name in ("SANDSEG_WORK", "SANDSEG_RUNS")}
    with log_path.open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=ours | os.environ,  # what the user has trained and brought is not for tests
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_warm(server, running)
        yield running
    finally:
        _stop(server)


def _wait_until_warm(server, running):
    """Wait for the server, then let it run the app once, as a start script would."""
    for path in ("/_stcore/health", "/_stcore/script-health-check"):
        end = time.monotonic() + START_TIMEOUT_S
        while not _is_ok(running.url + path):
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"{path} never answered.\n{running.log_tail()}", pytrace=False)
            time.sleep(0.2)


def _is_ok(url):
    try:
        with urlopen(url, timeout=START_TIMEOUT_S) as answer:
            return answer.status == 200
    except HTTPError as error:
        if "script-health-check" in url:
            pytest.fail(f"The app fails at start: {error}. {error.read()[:2000]!r}", pytrace=False)
        return False
    except (URLError, ConnectionError, TimeoutError):
        return False


def _stop(server):
    """End the server and what it has started in its group."""
    for end in (signal.SIGTERM, signal.SIGKILL):
        if server.poll() is None:
            os.killpg(server.pid, end)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return


@pytest.fixture
def app_log(app):
    """The server's log as it stands, as a function."""
    return app.log


@pytest.fixture(scope="session")
def browser():
    path = find_chromium()
    if path is None:
        message = "No Chromium starts. `make test` installs one; SANDSEG_CHROMIUM names your own."
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        except PlaywrightError as error:
            pytest.fail(f"{path} does not start: {error}", pytrace=False)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def profile(app, browser):
    """One browser's profile at 1440 × 900: the second page finds the first one's files read."""
    return browser.new_context(viewport={"width": 1440, "height": 900}, base_url=app.url)


@pytest.fixture
def page(app, profile):
    """A fresh visitor, cut off from everything but the app; only its files are known already."""
    errors, strangers = [], []
    visitor = profile.new_page()
    visitor.set_default_timeout(TIMEOUT_S * 1000)
    visitor.on("request", lambda request: _note_stranger(request.url, strangers))
    visitor.on("pageerror", lambda error: errors.append(str(error)))
    visitor.on("console", lambda message: _note_error(message, app.url, errors))
    yield visitor
    visitor.goto("about:blank")  # the last messages come before the page is gone
    _forget(profile, visitor, app.url)
    visitor.close()
    assert not errors, "errors in the browser's console:\n" + "\n".join(errors)
    assert not strangers, "asked of other machines:\n" + "\n".join(strangers)


def _note_stranger(url, strangers):
    """Note what is asked of another machine: a room without the internet must miss nothing."""
    if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
        strangers.append(url)


def _forget(profile, page, url):
    """What a visitor has left in the profile is not the next one's."""
    profile.clear_permissions()
    profile.clear_cookies()
    session = profile.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "local_storage"})
    session.detach()


def _note_error(message, url, errors):
    """Note what our own scripts complain about, not what was cut off, refused or tried out."""
    source = message.location.get("url", "")
    is_elsewhere = (
        not source.startswith(url)
        or "/_stcore/" in source
        or "/api/upload/" in source
        or "/api/paint/" in source
    )
    is_ours = not source or not is_elsewhere
    if message.type == "error" and is_ours:
        errors.append(f"{message.text} ({source})")


@pytest.fixture
def wait_until_idle():
    """A function that waits until the app has finished drawing a page."""

    def wait(page, timeout_s=TIMEOUT_S):
        page.wait_for_timeout(SETTLE_MS)
        page.evaluate("window.idleSince = null")
        page.wait_for_function(IS_IDLE, timeout=timeout_s * 1000, polling=50)

    return wait
