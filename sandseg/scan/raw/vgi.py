"""Headers of VGStudio (.vgi), which lie beside a .vol."""

import re

import numpy as np

from sandseg.errors import FILE, StackError
from sandseg.scan.raw.header import Header, distances, fields, numbers, stack_shape

KIND = "VGStudio"
_SECTION = re.compile(r"(?m)^\s*[{\[]\s*([^}\]\r\n]*?)\s*[}\]]\s*$")
_FILE = ("name", "filename")
_BITS = {"f": (32, 64), "u": (8, 16, 32), "i": (8, 16, 32)}


def read_vgi(start: bytes) -> Header:
    """Understand a header of VGStudio.

    Raises:
        StackError: It has several volumes or files, or voxels of a kind that is not read.
        ValueError: It makes no sense.
    """
    entries, geometry = _sections(start.decode("utf-8", "replace"))
    file = next((entries[name] for name in _FILE if entries.get(name)), "")
    if not file:
        raise _refused("names no file of voxels")
    if entries.get("fileformat", "raw").lower() != "raw":
        raise _refused(f"has voxels in the form {entries['fileformat']}")
    is_big = any("big" in entries.get(name, "").lower() for name in ("endian", "byteorder"))
    return Header(
        KIND,
        stack_shape(entries.get("size", "")),
        _dtype(entries).newbyteorder(">" if is_big else "<"),
        file,
        n_bytes=int(entries.get("skipheader", "0")),
        lengths=distances(numbers(geometry.get("resolution", ""))),
        units=(geometry.get("unit", ""),) * 3,
    )


def _sections(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is said of the file of voxels, and of the geometry.

    Of a volume is said how large it is, of its file, where that differs, how large that is.
    """
    first, *rest = _SECTION.split(text)
    sections = [("", fields(first, "="))]
    sections += [
        (name.lower(), fields(part, "=")) for name, part in zip(rest[::2], rest[1::2], strict=True)
    ]
    files = [found for name, found in sections if re.fullmatch(r"file\d*", name)]
    files = files or [found for _, found in sections if any(name in found for name in _FILE)]
    if len(files) != 1:
        raise _refused(f"names {len(files) or 'no'} files of voxels, not one")
    described = next((found for _, found in sections if "size" in found), {})
    entries = described | {name: value for name, value in files[0].items() if value}
    return entries, next((found for _, found in sections if "resolution" in found), {})


def _dtype(entries: dict[str, str]) -> np.dtype:
    said, bits = entries.get("datatype", "").lower(), int(entries.get("bitsperelement", "0"))
    kind = "f" if "float" in said else "u" if said.startswith("u") else "i" * ("int" in said)
    if bits not in _BITS.get(kind, ()):
        raise _refused(f"has voxels of {bits or 'unknown'} bits of the type {said or 'of nothing'}")
    return np.dtype(f"{kind}{bits // 8}")


def _refused(why: str) -> StackError:
    return StackError(
        f'"{FILE}" {why}.',
        hint="Give the file of voxels itself on the command line, with --raw "
        "ZxYxX,TYPE[,HEADER BYTES]; size and type stand in the text of the .vgi.",
    )
