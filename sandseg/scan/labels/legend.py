"""What label and stroke files of this program say of themselves: names and colors of classes."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.classes import OWN_LABELS, OWN_STROKES, UNPAINTED, SegmentationClass
from sandseg.errors import named
from sandseg.scan.foreign import is_tiff
from sandseg.scan.limits import StackLimits
from sandseg.scan.source import first_bytes
from sandseg.scan.tiff.file import OpenTiff

STROKES, LABELS = "strokes", "labels"
_LINE = re.compile(r"label (\d+) = (.+?)( \(pores\))?")
_COLORS = 256


@dataclass(frozen=True)
class Legend:
    """What a file is, "strokes", "labels" or "" where it is another program's, and its classes.

    Those of strokes count from 1, as 0 is not painted; there are none where they are not named.
    """

    kind: str = ""
    classes: tuple[SegmentationClass, ...] = ()


def legend_of(path: Path, limits: StackLimits, name: str = "") -> Legend:
    """Read what a file says of itself; its pixels are not looked at.

    Raises:
        StackError: It is a damaged TIFF.
    """
    if path.is_dir() or not is_tiff(first_bytes(path)):
        return Legend()
    with named(name or path.name):
        tiff = OpenTiff(path, limits)
        try:
            info = (tiff.tif.imagej_metadata or {}).get("Info", "") if tiff.tif.is_imagej else ""
            colormap = tiff.tif.pages.first.colormap
        finally:
            tiff.close()
    if str(info).startswith(OWN_LABELS):
        return Legend(LABELS)
    if not str(info).startswith(OWN_STROKES):
        return Legend()
    return Legend(STROKES, _classes(str(info), colormap))


def _classes(info: str, colormap: np.ndarray | None) -> tuple[SegmentationClass, ...]:
    lines = [_LINE.fullmatch(line) for line in info.splitlines()]
    known = {int(line[1]): (line[2], bool(line[3])) for line in filter(None, lines)}
    values = range(1, len(known))
    is_whole = known.get(0, ("",))[0] == UNPAINTED.name and set(values) <= set(known)
    if not is_whole or colormap is None or len(known) > _COLORS:
        return ()
    table = (np.asarray(colormap) // 257).astype(np.uint8)
    colors = {value: f"#{bytes(table[:, value]).hex()}" for value in values}
    return tuple(SegmentationClass(v, known[v][0], colors[v], "", known[v][1]) for v in values)
