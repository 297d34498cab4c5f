"""Files that appear complete or not at all: written beside their place, then renamed; JSON."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sandseg.errors import SandsegError


def write_json(path: Path, content: dict) -> None:
    """Write a small file beside its place and rename it, so that no reader sees half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


def read_json(path: Path) -> dict:
    """Read what `write_json` wrote; a file that is not there yet is empty."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def write_text(path: Path | str, text: str) -> None:
    """Write a text file (UTF-8) that is whole or not there at all.

    Raises:
        SandsegError: The file cannot be written.
    """
    with whole_file(Path(path)) as handle:
        handle.write(text.encode())


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write beside the path and rename at the end, so that no half-written file is ever seen."""
    part = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("w+b") as handle:
            yield handle
        part.replace(path)
    except OSError as error:
        raise SandsegError(
            f'"{path}" cannot be written: {error.strerror or error}.',
            hint="Choose a folder that exists, may be written to, and has space left.",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
