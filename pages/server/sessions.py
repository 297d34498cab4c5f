"""Sessions that nobody came back to are let go of, also where nobody else comes.

Streamlit keeps the session of a closed tab for two minutes, in case it was a broken line, and then
until another tab is closed; the one it served last even until another one comes. On a quiet server
that is for ever, with its memory and its files.
"""

import asyncio
import gc

from streamlit import runtime

EVERY_S = 10.0


async def let_go_of_sessions(every_s: float = EVERY_S) -> None:
    """Look again and again for sessions whose time is over; runs until it is cancelled."""
    while True:
        await asyncio.sleep(every_s)
        if _empty_forgotten():
            await asyncio.to_thread(gc.collect)  # what they held may hold itself, by circles


def _empty_forgotten() -> bool:
    """Empty the sessions that cannot be come back to, and tell whether there were any."""
    if not runtime.exists():
        return False
    stored = runtime.get_instance()._session_mgr._session_storage._cache
    forgotten = [info.session for _, info in stored.expire()]
    for session in forgotten:
        session.shutdown()
        session.session_state.clear()
    return bool(forgotten)
