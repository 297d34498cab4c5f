"""How a person at the command line wants a file to be read: which part, channel, voxel size."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.errors import ConfigError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import LOCAL_LIMITS, from_settings
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.raw.voxels import open_raw
from sandseg.scan.stack import Stack


@dataclass(frozen=True)
class ReadOptions:
    """What is chosen of a file, or known about it better than it says itself.

    Series, channel, time and slices are counted from 1, as they are written; the last of `slices`
    is included. `warnings` were found before, in the files that this one was made of.
    """

    series: int | None = None
    channel: int | None = None
    time: int | None = None
    slices: tuple[int, int] | None = None
    voxel_size_um: float | None = None
    raw: RawFormat | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self):
        size = self.voxel_size_um
        if size is not None and not (np.isfinite(size) and size > 0):
            raise ConfigError(
                f"A voxel size of {size:g} µm is none.",
                hint="Give the edge of a voxel in µm, as in --voxel-size 2.23.",
            )

    @classmethod
    def parse(cls, slices: str = "", raw: str = "", **chosen: float | None) -> "ReadOptions":
        """Make options of what was written on the command line: "10:20", "512x512,uint16".

        Raises:
            SandsegError: It means nothing.
        """
        raw_format = RawFormat.parse(raw) if raw else None
        return cls(slices=_parse_range(slices) if slices else None, raw=raw_format, **chosen)

    def part_of(self, n_slices: int) -> slice:
        """Return which of so many slices are meant."""
        first, last = self.slices or (1, n_slices)
        return slice(first - 1, last)


def _parse_range(text: str) -> tuple[int, int]:
    first, colon, last = text.partition(":")
    try:
        return int(first), int(last if colon else first)
    except ValueError as error:
        raise ConfigError(
            f'"{text}" names no slices.', hint="Name the first and the last slice, as in 10:20."
        ) from error


def open_with_options(path: Path, options: ReadOptions) -> Stack:
    """Open a file or a folder of one's own as wished.

    Raises:
        SandsegError: It cannot be read, or lacks what is wished.
    """
    limits = from_settings(LOCAL_LIMITS)
    if options.raw:
        stack = open_raw(path, options.raw, limits)
    else:
        wanted = {"series": options.series, "channel": options.channel, "time": options.time}
        chosen = {kind: None if number is None else number - 1 for kind, number in wanted.items()}
        stack = open_stack(path, path.name, limits, **chosen)
    try:
        stack = stack.with_voxel_size(options.voxel_size_um or stack.voxel_size_um)
        stack = replace(stack, warnings=(*stack.warnings, *options.warnings))
        if not options.slices:
            return stack
        part = options.part_of(stack.n_slices)
        return stack.part(part.start, part.stop - 1)
    except BaseException:
        stack.close()
        raise
