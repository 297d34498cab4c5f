"""Errors the user can put right: each says what is wrong and what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager

# Stands in a message for the name of the file: who reads a file does not know how it is called.
FILE = "‹file›"


class SandsegError(Exception):
    """Something the user can put right: `message` says what is wrong, `hint` what to do."""

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint


class StackError(SandsegError):
    """An image file that cannot be read, or whose shape or values make no sense as grey slices."""


class LabelError(SandsegError):
    """Labels that fit neither the image nor the classes."""


class ConfigError(SandsegError, ValueError):
    """A setting out of range, or two that contradict each other."""


class ModelError(SandsegError):
    """A model that is missing, damaged, or made for other classes."""


class TrainingError(SandsegError):
    """A training that has nothing to learn from, or whose loss is no number any more."""


class TeachError(SandsegError):
    """Strokes that make no sense, do not fit the image, or teach nothing."""


@contextmanager
def named(name: str) -> Iterator[None]:
    """Put the name of a file into the errors that are raised while it is read.

    Where a file lies in another one, as in a ZIP, the error is about the innermost that was named.
    """
    try:
        yield
    except SandsegError as error:
        error.message = error.message.replace(FILE, name)
        error.hint = error.hint.replace(FILE, name)
        error.args = (error.message,)
        raise
