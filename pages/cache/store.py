"""The one store of what is computed for visitors, kept under all that it was made from.

Results are handed out as they are, to everybody: they are frozen. Streamlit's own caches take a
tenth of a millisecond to say what they know, and one move of a slider asks them twenty times.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
from cachetools import LRUCache

from pages.cache.fair_line import FairLine
from sandseg import memory

MOST_BYTES = 512 * 2**20  # of all results of all visitors together
LEAST_BYTES = 1024  # what a result without pictures and arrays counts for
_MISSING = object()

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Entry(NamedTuple):
    result: Any
    n_bytes: int


class Store:
    """Results by key; those asked for the longest ago make room for new ones.

    What is let go of and used by nobody any more is closed: a stack closes its file by itself.
    """

    def __init__(self, max_bytes: int = MOST_BYTES):
        self._results = LRUCache(max_bytes, getsizeof=lambda entry: entry.n_bytes)
        self._turns: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes of all that is kept."""
        return self._results.currsize

    def get(
        self,
        key: Hashable,
        make: Callable[[], Result],
        weight: int = LEAST_BYTES,
        line: FairLine | None = None,
        on_wait: Callable[[int, float], None] = lambda _n_before, _seconds: None,
        hold: Callable[[], AbstractContextManager] = nullcontext,
    ) -> Result:
        """Return the result for a key; it is made once, however many ask for it at a time.

        Args:
            key: Tells results apart.
            make: Makes the result; what it raises reaches this caller alone.
            weight: Bytes the result counts for at least.
            line: Where to wait for one's turn; without one only askers of the same key wait.
            on_wait: See `FairLine.turn`.
            hold: Holds the memory that making it takes, from before the line on.
        """
        result = self._find(key)
        if result is not _MISSING:
            return result
        turn = line.turn(lambda: key in self._results, on_wait, key) if line else self._turn(key)
        with hold(), turn as ticket:
            result = self._find(key)
            if result is not _MISSING:  # somebody else was first
                return result
            with line.timed(ticket) if line else nullcontext():
                result = _frozen(make())
            self._keep(key, _Entry(result, max(size_of(result), weight, _letters(key))))
            return result

    def forget(self, is_meant: Callable[[Hashable], bool]) -> None:
        """Let go of all results whose key is meant."""
        with self._lock:
            for key in [key for key in self._results if is_meant(key)]:
                del self._results[key]

    def _find(self, key: Hashable) -> Any:
        with self._lock:
            try:
                return self._results[key].result
            except KeyError:
                return _MISSING

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        with self._lock:
            if entry.n_bytes <= self._results.maxsize:  # else it is handed out and not kept
                self._results[key] = entry

    @contextmanager
    def _turn(self, key: Hashable) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            try:
                yield
            finally:
                with self._lock:
                    self._turns.pop(key, None)


_store = Store(memory.for_results(MOST_BYTES))


def kept(
    key: Callable[..., Hashable] | None = None,
    weight: int = LEAST_BYTES,
    line: FairLine | None = None,
    hold: Callable[..., AbstractContextManager] | None = None,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorate a function whose results are kept.

    Args:
        key: From the function's arguments to what tells its results apart; by default all of them.
        weight: Bytes a result counts for, where its arrays and pictures do not tell.
        line: Where callers wait for their turn; they may pass `on_wait`, see `FairLine.turn`.
        hold: From the function's arguments to what holds the memory that it works in.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(function)
        def keeping(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            waiting = {"on_wait": kwargs.pop("on_wait")} if "on_wait" in kwargs else {}
            name = key(*args, **kwargs) if key else (args, *sorted(kwargs.items()))
            make = lambda: function(*args, **kwargs)  # noqa: E731 - one call of what is decorated
            if hold:
                waiting["hold"] = lambda: hold(*args, **kwargs)
            return _store.get((function, name), make, weight, line, **waiting)

        keeping.forget = lambda: _store.forget(lambda one: one[0] is function)
        return keeping

    return decorate


def forget_files_in(folder: Path) -> None:
    """Let go of all that was made from files in a folder, and close them."""
    _store.forget(lambda key: _names(key, f"{folder}/"))


def size_of(result: Any) -> int:
    """Return the bytes of all arrays and encoded pictures in a result."""
    if isinstance(result, np.ndarray):
        return result.nbytes
    if isinstance(result, bytes):
        return len(result)
    return sum(map(size_of, _parts(result)))


def _letters(key: Any) -> int:
    """Return how long the texts in a key are: some come out of addresses."""
    return len(key) if isinstance(key, str) else sum(map(_letters, _parts(key)))


def _frozen(result: Result) -> Result:
    """Make the arrays of a result read-only: they are everybody's."""
    if isinstance(result, np.ndarray):
        result.setflags(write=False)
    for part in _parts(result):
        _frozen(part)
    return result


def _parts(result: Any) -> list:
    if isinstance(result, list | tuple):
        return list(result)
    if is_dataclass(result):
        return [getattr(result, field.name) for field in fields(result)]
    return []


def _names(key: Any, start: str) -> bool:
    """Whether a text that starts so is anywhere in a key."""
    if isinstance(key, str):
        return key.startswith(start)
    return any(_names(part, start) for part in _parts(key))
