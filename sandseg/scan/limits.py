"""How large a stack may be: the limits, how to move them, and what memory is free.

Each limit can be set where the app or the command is started, by an environment variable:

    SANDSEG_MAX_PIXELS    pixels of one slice
    SANDSEG_MAX_SLICES    slices, pages or files of one stack
    SANDSEG_MAX_BYTES     size of a stack after decompression
    SANDSEG_MAX_RATIO     size after decompression over size of the file
    SANDSEG_DECODE_BYTES  memory of the process that decodes an upload
    SANDSEG_DECODE_S      seconds it may take
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import psutil

from sandseg.errors import FILE, StackError

_CGROUP = Path("/sys/fs/cgroup")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StackLimits:
    """The largest stack that is opened. "Declared" is the size after decompression."""

    max_pixels_per_slice: int = 2**27  # 11,585 x 11,585
    max_slices: int = 10_000
    max_total_bytes: int = 4 * 2**30
    max_ratio: float = 2000.0  # declared to file size; Deflate reaches 1032, LZW about 1400
    decode_bytes: int = 2 * 2**30  # of address space; the libraries alone take 0.4 GB of it
    decode_s: float = 300.0
    # Codecs that decide themselves how much memory they fill are only for files of one's own, or
    # where something else holds the memory down.
    trusts_codecs: bool = False


SETTINGS = {
    "max_pixels_per_slice": "SANDSEG_MAX_PIXELS",
    "max_slices": "SANDSEG_MAX_SLICES",
    "max_total_bytes": "SANDSEG_MAX_BYTES",
    "max_ratio": "SANDSEG_MAX_RATIO",
    "decode_bytes": "SANDSEG_DECODE_BYTES",
    "decode_s": "SANDSEG_DECODE_S",
}


def from_environment(
    limits: StackLimits, environment: Mapping[str, str] = os.environ
) -> StackLimits:
    """Return the limits with those replaced that the environment sets.

    A value that is no number above 0 is reported in the log, and the default stays.
    """
    changes = {}
    for field in fields(limits):
        variable = SETTINGS.get(field.name)
        text = environment.get(variable, "") if variable else ""
        if not text:
            continue
        value = _number(text)
        if value is None:
            default = getattr(limits, field.name)
            _log.warning('%s is "%s", no number above 0: %s stays.', variable, text, default)
        else:
            changes[field.name] = field.type(value)
    return replace(limits, **changes)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return None
    return value if 1 <= value < 2**63 else None


WEB_LIMITS = from_environment(StackLimits())
# For files the person at the machine owns: only what cannot be true is refused.
LOCAL_LIMITS = from_environment(
    StackLimits(max_slices=1_000_000, max_total_bytes=2**43, trusts_codecs=True)
)


def raise_hint(advice: str, limit: str) -> str:
    """Return advice for a stack that is over a limit, ending with how the limit is raised."""
    return f"{advice} Or start the app with a higher {SETTINGS[limit]}."


def size_text(n_bytes: float) -> str:
    """Return a number of bytes for people: "3.5 TB"."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if n_bytes < 1000 or unit == "TB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.3g} {unit}" if n_bytes < 1000 else f"{n_bytes:,.0f} {unit}"


def check_size(shape: tuple[int, int, int], itemsize: int, limits: StackLimits) -> None:
    """Check a stack's size (Z, Y, X) against the limits.

    Raises:
        StackError: Too many pixels in a slice, slices, or bytes.
    """
    n_slices, height, width = shape
    if height * width > limits.max_pixels_per_slice:
        raise StackError(
            f'A slice of "{FILE}" has {height:,} × {width:,} pixels; '
            f"at most {limits.max_pixels_per_slice / 1e6:.0f} million can be opened.",
            hint=raise_hint("Crop or downsample the stack first.", "max_pixels_per_slice"),
        )
    check_count(n_slices, limits)
    check_total(n_slices * height * width * itemsize, limits)


def check_count(n_slices: int, limits: StackLimits) -> None:
    """Check the number of slices.

    Raises:
        StackError: There are more than allowed.
    """
    if n_slices > limits.max_slices:
        raise StackError(
            f'"{FILE}" has {n_slices:,} slices; at most {limits.max_slices:,} can be opened.',
            hint=raise_hint("Split the stack into files of fewer slices.", "max_slices"),
        )


def check_total(n_bytes: int, limits: StackLimits) -> None:
    """Check the size of a stack after decompression.

    Raises:
        StackError: It is larger than allowed.
    """
    if n_bytes > limits.max_total_bytes:
        raise StackError(
            f'"{FILE}" holds {size_text(n_bytes)} of pixels; '
            f"at most {size_text(limits.max_total_bytes)} can be opened here.",
            hint=raise_hint(
                "Crop the stack, or segment it on the command line.", "max_total_bytes"
            ),
        )


def check_memory(n_bytes: int, purpose: str = "read a slice of") -> None:
    """Check that memory is free for some work.

    Args:
        n_bytes: What the work needs at its peak.
        purpose: The work, ending before the name.

    Raises:
        StackError: Less is free.
    """
    free = free_memory()
    if n_bytes > free:
        raise StackError(
            f'To {purpose} "{FILE}" takes about {size_text(n_bytes)} of memory; '
            f"{size_text(free)} are free.",
            hint="Crop or downsample the stack, or close other programs.",
        )


def free_memory() -> int:
    """Return how many bytes are free here, also inside a container with a limit of its own."""
    free = psutil.virtual_memory().available
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = (_CGROUP / "memory.current").read_text()
        reclaimable = (_CGROUP / "memory.stat").read_text().partition("inactive_file ")[2]
    except OSError:
        return free
    if not limit.isdigit():
        return free
    return max(0, min(free, int(limit) - int(used) + int((reclaimable.split() or ["0"])[0])))
