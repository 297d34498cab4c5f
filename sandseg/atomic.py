"""Files that appear complete or not at all: written beside their place, then renamed; JSON."""

import json
import math
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sandseg.errors import SandsegError


@contextmanager
def replacing(path: Path, *, is_shared: bool = False) -> Iterator[BinaryIO]:
    """Write a file of the app's own; at the end of the block it takes its place, all at once.

    What a killed process leaves is the part beside it (`part_of`), which the next one overwrites.

    Args:
        path: The file; its folder must be there.
        is_shared: Others may write it at the same time, so that each needs a part of its own.

    Raises:
        OSError: It cannot be written.
    """
    unique = f".{path.name[:80]}.{secrets.token_hex(4)}"
    part = part_of(path.with_name(unique) if is_shared else path)
    try:
        with part.open("w+b") as handle:
            yield handle
        part.replace(path)
    except BaseException:
        with suppress(OSError):  # on a full disk, it is what fills it
            part.unlink(missing_ok=True)
        raise


def part_of(path: Path) -> Path:
    """Return where a file lies while it is being written."""
    return path.with_name(f"{path.name}.part")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file the user named, as `replacing` writes one of the app's own.

    Raises:
        SandsegError: It cannot be written.
    """
    try:
        with replacing(path, is_shared=True) as handle:
            yield handle
    except OSError as error:
        raise SandsegError(
            f'"{path}" cannot be written: {error.strerror or error}.',
            hint="Choose a folder that exists, may be written to, and has space left.",
        ) from error


def write_text(path: Path | str, text: str) -> None:
    """Write a text file (UTF-8) the user named.

    Raises:
        SandsegError: It cannot be written.
    """
    with whole_file(Path(path)) as handle:
        handle.write(text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file of the app's own.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as handle:
        handle.write(content)


def write_json(path: Path, content: dict) -> None:
    """Write a small file of the app's own.

    Raises:
        OSError: It cannot be written.
    """
    write_bytes(path, json.dumps(content).encode())


def is_own_file(path: Path) -> bool:
    """Whether a file is there and is itself, not a link that may lead to any other."""
    return path.is_file() and not path.is_symlink()


def read_entries(path: Path) -> dict:
    """Read what `write_json` wrote; one that is missing, damaged or no record is empty."""
    try:
        found = read_json(path)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def chosen_entries(entries: dict, kinds: Mapping[str, type]) -> dict:
    """Return the entries of the right types; whole numbers are floats too, NaN is no number."""
    found = {}
    for name, kind in kinds.items():
        value = entries.get(name)
        if kind is float and type(value) is int and abs(value) < 2**63:
            value = float(value)
        is_number = type(value) is not float or math.isfinite(value)
        if type(value) is kind and is_number:
            found[name] = value
    return found


def read_json(path: Path) -> dict:
    """Read what `write_json` wrote; a file that is not there yet is empty."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
