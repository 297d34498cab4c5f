"""What a file is read from: its path, its bytes, or an open binary file."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from sandseg.errors import StackError

Source = Path | str | bytes | BinaryIO
N_START = 352  # bytes that tell the formats; a NIfTI header is the longest


def source_name(source: Source) -> str:
    """Return how a file is called: by its path, or as an open file says; else "file"."""
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    return Path(str(getattr(source, "name", ""))).name or "file"


def open_source(source: Source) -> tuple[BinaryIO, Callable[[], None]]:
    """Return a binary file, and how to close it: what was open before stays open.

    Raises:
        StackError: There is no such file, or it cannot be opened.
    """
    if isinstance(source, io.BytesIO):
        source = source.getvalue()  # shares the bytes; an upload may be closed under our feet
    if isinstance(source, bytes | bytearray | memoryview):
        handle = io.BytesIO(source)
        return handle, handle.close
    if not isinstance(source, str | os.PathLike):
        return source, lambda: None
    path = Path(source)
    try:
        handle = path.open("rb")
    except OSError as error:
        reason = "is a folder" if path.is_dir() else f"cannot be opened ({error.strerror})"
        raise StackError(
            f'"{path}" {reason}.', hint="Check the path, and that you may read the file."
        ) from error
    return handle, handle.close


def first_bytes(source: Source) -> bytes:
    """Return the bytes at the start of a file that tell what it is.

    Raises:
        StackError: There is no such file, or it cannot be opened.
    """
    handle, close = open_source(source)
    try:
        handle.seek(0)
        return handle.read(N_START)
    finally:
        close()


def size_of(source: Source) -> int:
    """Return the size of a file in bytes.

    Raises:
        StackError: There is no such file, or it cannot be opened.
    """
    handle, close = open_source(source)
    try:
        return handle.seek(0, io.SEEK_END)
    finally:
        close()
