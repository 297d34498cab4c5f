"""Errors the user can put right: each says what is wrong and what to do next."""


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
