"""Damaged files: whatever a decoder raises becomes an error the user can put right."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from sandseg.errors import FILE, StackError

EXPORT_AGAIN = "Export it again from the scanner's software, or open and save it in ImageJ."

# What tifffile and imagecodecs raise on damaged files, found with fuzzers' crashers: TiffFileError
# and UnicodeDecodeError are ValueErrors; imagecodecs' errors, NotImplementedError and
# RecursionError are RuntimeErrors; the others come from trusting a number in the file.
UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    EOFError,
    OSError,
    struct.error,
)


@contextmanager
def reading() -> Iterator[None]:
    """Turn whatever tifffile, imagecodecs and their like raise into a `StackError`."""
    try:
        yield
    except MemoryError as error:
        raise StackError(
            f'A slice of "{FILE}" does not fit into this computer\'s memory.',
            hint="Crop or downsample the stack, or close other programs.",
        ) from error
    except UNREADABLE as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise StackError(
            f'"{FILE}" cannot be read: the file is damaged or of a rare kind ({reason}).',
            hint=EXPORT_AGAIN,
        ) from error
