"""The queue of trainings moves on while somebody is on the page Train."""

import time
from functools import lru_cache

from pages.cache import trainings as run_cache
from sandseg.runs.folder import runs_root
from sandseg.runs.queue import advance_queue


def tick() -> None:
    """Let the next training begin if there is room: one whose process was killed told nobody.

    However many are on the page, it is tried once in `FRESH_S`.
    """
    _tick(str(runs_root()), int(time.monotonic() / run_cache.FRESH_S))


@lru_cache(maxsize=2)
def _tick(_root: str, _moment: int) -> None:
    if advance_queue():
        run_cache.forget()
