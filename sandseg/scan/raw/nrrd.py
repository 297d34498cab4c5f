"""NRRD headers (.nrrd, .nhdr), as 3D Slicer, ITK and Teem write them."""

import re

import numpy as np

from sandseg.scan.raw.header import AT_END, Header, distances, fields, numbers, refused, stack_shape

KIND = "NRRD"
_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16"), "i2"),
    **dict.fromkeys(("int16_t",), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("signed long long", "signed long long int"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    **dict.fromkeys(("unsigned long long int",), "u8"),
    "float": "f4",
    "double": "f8",
}
_PACKINGS = {
    "raw": "",
    **dict.fromkeys(("gzip", "gz"), "zlib"),
    **dict.fromkeys(("bzip2", "bz2"), "bzip2"),
}
_END = re.compile(rb"\r?\n\r?\n")
_COLOR = re.compile(r"color|vector|list|matrix|complex|quaternion|point|normal|gradient|stub")


def read_nrrd(start: bytes) -> Header:
    """Understand a NRRD header.

    Raises:
        StackError: Its voxels are in several files, written as text, or more than one number each.
        ValueError: It makes no sense.
    """
    end = _END.search(start)
    head = start[: end.start()] if end else start
    entries = fields(head.decode("utf-8", "replace"), ":")
    file = entries.get("data file", entries.get("datafile", ""))
    packing = _check(entries, file)
    if not file and not end:
        raise ValueError("the header has no end")
    n_lines, n_bytes = (
        int(entries.get(f"{kind} skip", entries.get(f"{kind}skip", "0")))
        for kind in ("line", "byte")
    )
    if packing and n_bytes == AT_END:
        raise refused("has packed voxels at the end of a file")
    order = ">" if entries.get("endian", "little") == "big" else "<"
    lengths, units, notes = _spacing(entries)
    return Header(
        KIND,
        stack_shape(entries.get("sizes", "")),
        np.dtype(_TYPES[entries["type"].lower()]).newbyteorder(order),
        file,
        n_lines,
        n_bytes if file else end.end() + n_bytes,
        packing,
        lengths,
        units,
        convention="mm",
        notes=tuple(notes),
    )


def _check(entries: dict[str, str], file: str) -> str:
    """Refuse what is not read, and return how the voxels are packed."""
    if file.upper().startswith("LIST") or "%" in file:
        raise refused(f"has its voxels in several files ({file})")
    encoding = entries.get("encoding", "").lower()
    if encoding not in _PACKINGS:
        raise refused(f"has its voxels written as {encoding or 'nobody knows what'}")
    if _COLOR.search(entries.get("kinds", "").lower()):
        raise refused(f"has voxels of several numbers (kinds: {entries['kinds']})", "[..., 0]")
    if entries.get("type", "").lower() not in _TYPES:
        raise refused(f"has voxels of the type {entries.get('type', 'of nothing')}")
    return _PACKINGS[encoding]


def _spacing(
    entries: dict[str, str],
) -> tuple[tuple[float, float, float] | None, tuple[str, str, str], list[str]]:
    """Return distances along z, y, x, their units, and what to say of the axes."""
    if directions := entries.get("space directions", ""):
        vectors = [numbers(part) for part in re.findall(r"\(([^)]*)\)", directions)]
        units = _quoted(entries.get("space units", ""))
        is_turned = any(sum(number != 0 for number in vector) != 1 for vector in vectors)
        notes = ["The axes of the header are turned; the slices are read as they are stored."]
        lengths = distances([float(np.linalg.norm(vector)) for vector in vectors])
        if len(set(units)) > 1:  # they are those of space, not of the axes of the file
            return lengths, ("", "", ""), notes * is_turned
        return lengths, tuple((units or [""])[:1] * 3), notes * is_turned
    lengths = distances(numbers(entries.get("spacings", "")))
    units = _quoted(entries.get("units", "") or entries.get("space units", ""))
    units = (units + units[:1] * 3 if len(units) < 3 else units)[:3] or ["", "", ""]
    return lengths, tuple(units[::-1]), []


def _quoted(text: str) -> list[str]:
    found = re.findall(r'"([^"]*)"', text) or text.split()
    return [unit for unit in found if unit not in ("???", "none")]
