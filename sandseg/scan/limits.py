"""How large a stack may be: the limits, how to move them, and what memory is free."""

from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from sandseg import settings
from sandseg.errors import FILE, StackError

_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class StackLimits:
    """The largest stack that is opened. "Declared" is the size after decompression."""

    max_pixels_per_slice: int = settings.MAX_PIXELS.default
    max_slices: int = settings.MAX_SLICES.default
    max_total_bytes: int = settings.MAX_BYTES.default
    max_ratio: float = settings.MAX_RATIO.default  # declared to file size
    decode_bytes: int = settings.DECODE_BYTES.default
    decode_s: float = settings.DECODE_S.default
    # Codecs that decide themselves how much memory they fill are only for files of one's own, or
    # where something else holds the memory down.
    trusts_codecs: bool = False


SETTINGS = {
    "max_pixels_per_slice": settings.MAX_PIXELS,
    "max_slices": settings.MAX_SLICES,
    "max_total_bytes": settings.MAX_BYTES,
    "max_ratio": settings.MAX_RATIO,
    "decode_bytes": settings.DECODE_BYTES,
    "decode_s": settings.DECODE_S,
}
WEB_LIMITS = StackLimits()
# For files the person at the machine owns: only what cannot be true is refused.
LOCAL_LIMITS = StackLimits(max_slices=1_000_000, max_total_bytes=2**43, trusts_codecs=True)


def from_settings(limits: StackLimits) -> StackLimits:
    """Return the limits with those replaced that whoever runs SandSeg has set.

    Raises:
        ConfigError: One is no number.
    """
    found = {field: one.read(getattr(limits, field)) for field, one in SETTINGS.items()}
    return replace(limits, **found)


def raise_hint(advice: str, limit: str) -> str:
    """Return advice for a stack that is over a limit, ending with how the limit is raised."""
    return f"{advice} Or start the app with a higher {SETTINGS[limit].name}."


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
