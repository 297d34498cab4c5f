import asyncio
import time
import weakref
from types import SimpleNamespace

from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

from pages.server import sessions
from tests import own_loop


class Scan:
    """What a visitor brought."""


def come_and_go(monkeypatch, ttl_s, patience_s):
    """Open a tab that holds something, close it; return whether it is still held in the end."""

    async def live():
        storage = MemorySessionStorage(ttl_seconds=ttl_s)
        uploads = MemoryUploadedFileManager("/")
        manager = WebsocketSessionManager(storage, uploads, ScriptCache(), lambda: None)
        running = SimpleNamespace(_session_mgr=manager)
        found = SimpleNamespace(exists=lambda: True, get_instance=lambda: running)
        monkeypatch.setattr(sessions, "runtime", found)
        looking = asyncio.create_task(sessions.let_go_of_sessions(every_s=0.05))
        number = manager.connect_session(object(), ScriptData("app.py"), {})
        last = manager.get_active_session_info(number)  # as Streamlit's loop keeps the last one
        last.session.session_state["scan"] = scan = Scan()
        scan = weakref.ref(scan)
        manager.disconnect_session(number)
        end = time.monotonic() + patience_s
        while scan() and time.monotonic() < end:
            await asyncio.sleep(0.05)
        assert not looking.done()
        looking.cancel()
        return bool(scan()), last.session

    return own_loop.run(live())[0]


def test_a_session_nobody_came_back_to_holds_nothing_more(monkeypatch):
    assert not come_and_go(monkeypatch, ttl_s=0.01, patience_s=60)


def test_a_session_that_can_be_come_back_to_stays_as_it_is(monkeypatch):
    assert come_and_go(monkeypatch, ttl_s=1000, patience_s=0.5)
