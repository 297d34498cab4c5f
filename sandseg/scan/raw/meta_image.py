"""MetaImage headers (.mhd, .mha), as ITK, elastix and ImageJ write them."""

import re

import numpy as np

from sandseg.scan.raw.header import AT_END, Header, distances, fields, numbers, refused, stack_shape

KIND = "MetaImage"
_TYPES = {
    "MET_UCHAR": "u1",
    "MET_CHAR": "i1",
    "MET_USHORT": "u2",
    "MET_SHORT": "i2",
    "MET_UINT": "u4",
    "MET_INT": "i4",
    "MET_ULONG": "u4",
    "MET_LONG": "i4",
    "MET_ULONG_LONG": "u8",
    "MET_LONG_LONG": "i8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_FIRST = "[..., 0]"
_LAST = re.compile(rb"(?im)^[ \t]*ElementDataFile[ \t]*=[ \t]*([^\r\n]*)\r?\n?")
_UNITS = ("distanceunits", "elementspacingunits", "elementspacingunit", "elementsizeunits")
_YES = ("true", "1", "t", "yes")


def read_meta_image(start: bytes) -> Header:
    """Understand a MetaImage header.

    Raises:
        StackError: Its voxels are in several files, written as text, or more than one number each.
        ValueError: It makes no sense.
    """
    match = _LAST.search(start)
    if not match:
        raise ValueError("the header has no ElementDataFile")
    entries = fields(start[: match.end()].decode("utf-8", "replace"), "=")
    file = entries["elementdatafile"]
    _check(entries, file)
    is_inside = file.upper() == "LOCAL"
    is_big = _is_yes(entries, "elementbyteordermsb", "binarydatabyteordermsb")
    n_bytes = int(entries.get("headersize", "0"))
    dtype = np.dtype(_TYPES[entries["elementtype"].upper()]).newbyteorder(">" if is_big else "<")
    spacing = entries.get("elementspacing") or entries.get("elementsize", "")
    unit = next((entries[name] for name in _UNITS if entries.get(name, "?") != "?"), "")
    return Header(
        KIND,
        stack_shape(entries.get("dimsize", "")),
        dtype,
        "" if is_inside else file,
        0,
        match.end() if is_inside else max(n_bytes, AT_END),
        "zlib" if _is_yes(entries, "compresseddata") else "",
        distances(numbers(spacing)),
        (unit,) * 3,
        convention="mm",
    )


def _check(entries: dict[str, str], file: str) -> None:
    if file.upper().startswith("LIST") or "%" in file:
        raise refused(f"has its voxels in several files ({file})")
    if entries.get("elementnumberofchannels", "1") != "1":
        raise refused(
            f"has {entries['elementnumberofchannels']} numbers in each voxel, not one", _FIRST
        )
    if not _is_yes(entries, "binarydata", usual="true"):
        raise refused("has its voxels written as text")
    if entries.get("elementtype", "").upper() not in _TYPES:
        raise refused(f"has voxels of the type {entries.get('elementtype', 'of nothing')}")


def _is_yes(entries: dict[str, str], *names: str, usual: str = "false") -> bool:
    found = next((entries[name] for name in names if name in entries), usual)
    return found.lower() in _YES
