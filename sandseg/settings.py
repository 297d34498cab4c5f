"""What whoever runs SandSeg can set: every SANDSEG_ variable, read in one way."""

import os
from pathlib import Path

import pooch

from sandseg.errors import ConfigError

MAX_UPLOAD, MIN_FREE = "SANDSEG_MAX_UPLOAD", "SANDSEG_MIN_FREE"
QUOTA_SESSION, QUOTA_TOTAL = "SANDSEG_QUOTA_SESSION", "SANDSEG_QUOTA_TOTAL"
DEFAULT_BYTES = {
    MAX_UPLOAD: 22 * 10**8,  # 2 GiB of pixels, and what a file holds beside them
    QUOTA_SESSION: 10 * 10**9,
    QUOTA_TOTAL: 20 * 10**9,
    MIN_FREE: 10**9,
}


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again: `SANDSEG_CACHE`, or the user's."""
    return Path(os.environ.get("SANDSEG_CACHE") or pooch.os_cache("sandseg"))


def quota(name: str) -> int:
    """Return one of the limits in bytes: from the environment, else the default.

    Raises:
        ConfigError: It is no number.
    """
    text = os.environ.get(name, "")
    try:
        return int(float(text)) if text else DEFAULT_BYTES[name]
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f'{name} is "{text}", but a number of bytes is needed.',
            hint=f"Start the app with {name}={DEFAULT_BYTES[name]}, for example.",
        ) from error
