"""What is slow to make is made once: for all workers of a run, and for later runs."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sandseg.lock import locked


def kept(home: Path, name: str, recipe: bytes, make: Callable[[Path], None]) -> Path:
    """Return the folder of what was made; `make` fills a new one when the recipe has changed.

    Whoever comes while another process is at it waits. What is half made is never seen.
    """
    place = home / f"{name}-{hashlib.sha256(recipe).hexdigest()[:16]}"
    with locked(home / f"{name}.lock"):
        if not place.is_dir():
            with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=home) as part:
                made = Path(part) / "made"
                made.mkdir()
                make(made)
                made.rename(place)
    return place


def home_of(config: pytest.Config, run_folder: Path) -> Path:
    """Return where things are kept: pytest's cache, or without one the folder of this run."""
    cache = getattr(config, "cache", None)  # there is none with -p no:cacheprovider
    if cache is not None:
        try:
            folder = cache.mkdir("sandseg")
        except OSError:
            pass  # the checkout belongs to somebody else
        else:
            if os.access(folder, os.W_OK):
                return folder
    folder = run_folder / "kept"
    folder.mkdir(exist_ok=True)
    return folder


def sources(root: Path, *names: str) -> bytes:
    """Return the content of modules and of all modules in folders, with their names."""
    paths = [path for name in names for path in sorted((root / name).rglob("*.py"))]
    paths += [root / name for name in names if name.endswith(".py")]
    return b"".join(str(path.relative_to(root)).encode() + path.read_bytes() for path in paths)
