"""Settings are looked at when a server starts, not when a visitor trips over one."""

import logging
import sys
from functools import cache

from sandseg.errors import ConfigError
from sandseg.settings import check_settings

_log = logging.getLogger(__name__)


@cache
def check_once() -> None:
    """Say in the log which settings change nothing: the first time, if all others make sense.

    Raises:
        ConfigError: A setting makes no sense.
    """
    for warning in check_settings():
        _log.warning(warning)


def check_or_leave() -> None:
    """Check the settings of a server; where one makes no sense, it does not start."""
    try:
        check_once()
    except ConfigError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
