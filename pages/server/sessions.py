"""Sessions that nobody came back to are let go of, also where nobody else comes.

Streamlit keeps the session of a closed tab for two minutes, in case it was a broken line, and then
until another one is closed: on a quiet server for ever, with its memory and its files.
"""

import asyncio
import gc

from streamlit import runtime

EVERY_S = 10.0


async def let_go_of_sessions(every_s: float = EVERY_S) -> None:
    """Look again and again for sessions whose time is over; runs until it is cancelled."""
    while True:
        await asyncio.sleep(every_s)
        if runtime.exists() and _expire():
            await asyncio.to_thread(gc.collect)  # sessions hold themselves by circles


def _expire() -> bool:
    storage = runtime.get_instance()._session_mgr._session_storage
    return bool(storage._cache.expire())
