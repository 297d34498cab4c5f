"""Results kept for all visitors, under what they were made from.

Streamlit's own caches take a tenth of a millisecond to say what they know, and one move of a slider
asks them twenty times. What is kept here is handed out as it is: nobody may change it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

MOST_BYTES = 384 * 2**20  # of all results together that are not counted one by one
LEAST_BYTES = 1024  # what a result without pictures and arrays counts for

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Shelf:
    """Results by key; those asked for the longest ago make room for new ones."""

    def __init__(self, max_bytes: int, max_entries: int | None = None):
        self._max_bytes, self._max_entries = max_bytes, max_entries
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._turns: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self.n_bytes = 0

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return the result for a key; it is made once, however many ask for it at a time."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key][0]
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._found:  # somebody else was first
                    return self._found[key][0]
            try:
                result = make()
                self._keep(key, result)
            finally:
                with self._lock:
                    self._turns.pop(key, None)
            return result

    def _keep(self, key: Hashable, result: Any) -> None:
        size = max(size_of(result), LEAST_BYTES)
        with self._lock:
            self._found[key] = result, size
            self.n_bytes += size
            while self.n_bytes > self._max_bytes or len(self._found) > (self._max_entries or 2**31):
                _, (_, size) = self._found.popitem(last=False)
                self.n_bytes -= size


_common = Shelf(MOST_BYTES)


def kept(
    max_entries: int | None = None, key: Callable[..., Hashable] | None = None
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorate a function whose results are kept; they may not be changed.

    Args:
        max_entries: How many results are kept, whatever their size; by default they share
            `MOST_BYTES` with those of all other functions.
        key: From the function's arguments to what tells its results apart; by default all of them.
    """
    shelf = Shelf(2**63, max_entries) if max_entries else _common

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(function)
        def keeping(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            name = key(*args, **kwargs) if key else (args, *sorted(kwargs.items()))
            return shelf.get((function, name), lambda: function(*args, **kwargs))

        return keeping

    return decorate


def size_of(result: Any) -> int:
    """Return the bytes of all arrays and encoded pictures in a result."""
    if isinstance(result, np.ndarray):
        return result.nbytes
    if isinstance(result, bytes):
        return len(result)
    if isinstance(result, list | tuple):
        return sum(map(size_of, result))
    if is_dataclass(result):
        return sum(size_of(getattr(result, field.name)) for field in fields(result))
    return 0
