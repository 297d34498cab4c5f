"""Settings are looked at when a server starts, not when a visitor trips over one."""

import logging
import os
import secrets
import sys
from functools import cache

from sandseg.errors import ConfigError
from sandseg.settings import OFF, TRAINING, TRAINING_TOKEN, check_settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_log = logging.getLogger(__name__)


@cache
def check_once() -> None:
    """Say in the log which settings change nothing: the first time, if all others make sense.

    Raises:
        ConfigError: A setting makes no sense.
    """
    for warning in check_settings():
        _log.warning(warning)


def protect_trainings(address: str | None) -> None:
    """Make a token for the trainings of a server that others can reach, unless there is one.

    It is printed, as Jupyter prints its own: whoever started the server sees it.

    Args:
        address: The server listens on; None for all there are.
    """
    if address in _LOOPBACK or TRAINING_TOKEN.read() or TRAINING.read() == OFF:
        return
    token = os.environ[TRAINING_TOKEN.name] = secrets.token_urlsafe(9)
    sys.stdout.write(
        f"Trainings on this server need the token {token}; set {TRAINING_TOKEN.name} to choose "
        "another.\n"
    )
    sys.stdout.flush()


def check_or_leave() -> None:
    """Check the settings of a server; where one makes no sense, it does not start."""
    try:
        check_once()
    except ConfigError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
