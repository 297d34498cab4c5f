"""What a text header (MetaImage, NRRD) says of the raw voxels it describes."""

import re
from dataclasses import dataclass
from pathlib import Path

_LONGEST_HEADER = 2**16  # bytes
_TYPES = {
    "MET_UCHAR": "uint8",
    "MET_CHAR": "int8",
    "MET_USHORT": "uint16",
    "MET_SHORT": "int16",
    "MET_UINT": "uint32",
    "MET_INT": "int32",
    "MET_FLOAT": "float32",
    "MET_DOUBLE": "float64",
    "uchar": "uint8",
    "unsigned char": "uint8",
    "uint8": "uint8",
    "uint8_t": "uint8",
    "int8": "int8",
    "signed char": "int8",
    "ushort": "uint16",
    "unsigned short": "uint16",
    "uint16": "uint16",
    "uint16_t": "uint16",
    "short": "int16",
    "int16": "int16",
    "int16_t": "int16",
    "uint32": "uint32",
    "unsigned int": "uint32",
    "int": "int32",
    "int32": "int32",
    "float": "float32",
    "double": "float64",
}


@dataclass(frozen=True)
class RawVoxels:
    """A file of raw voxels and what `--raw` has to be given for it; `spacing` has no unit."""

    file: str
    option: str
    spacing: str


def read_raw_header(path: Path) -> RawVoxels | None:
    """Return what a MetaImage or NRRD header says; None where it is no simple raw volume.

    Compressed voxels, several files, colors, and a file whose size is not what the header says are
    not simple.
    """
    with path.open("rb") as handle:
        start = handle.read(_LONGEST_HEADER)
    found = _nrrd(start) if start.startswith(b"NRRD") else _meta_image(start)
    if found is None:
        return None
    sizes, dtype, is_big_endian, file, header_bytes, spacing = found
    data = path if not file else path.parent / file
    if file and Path(file).name != file:  # a header looks at nothing but its neighbours
        return None
    if dtype not in _TYPES or len(sizes) not in (2, 3) or not data.is_file():
        return None
    dtype = _TYPES[dtype]
    n_bytes = int(re.search(r"\d+$", dtype)[0]) // 8
    for size in sizes:
        n_bytes *= size
    if data.stat().st_size != n_bytes + header_bytes:
        return None
    kind = f">{dtype[0]}{int(re.search(r'[0-9]+$', dtype)[0]) // 8}" if is_big_endian else dtype
    option = f"{'x'.join(map(str, reversed(sizes)))},{kind}"
    return RawVoxels(data.name, option + (f",{header_bytes}" if header_bytes else ""), spacing)


def _fields(text: str, separator: str) -> dict[str, str]:
    pairs = (line.partition(separator) for line in text.splitlines() if line[:1] != "#")
    return {name.strip().lower(): value.lstrip("=").strip() for name, _, value in pairs}


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split() if part.isdecimal()]


def _meta_image(start: bytes) -> tuple | None:
    match = re.match(rb"(?s).*?ElementDataFile\s*=\s*([^\r\n]*)\r?\n?", start)
    if not match:
        return None
    fields = _fields(match[0].decode("latin-1"), "=")
    is_local = fields["elementdatafile"].upper() == "LOCAL"
    header = match.end() if is_local else 0
    if fields.get("headersize", "0") != "0" or fields.get("elementnumberofchannels", "1") != "1":
        return None
    if fields.get("compresseddata", "false").lower() == "true":
        return None
    order = fields.get("elementbyteordermsb", fields.get("binarydatabyteordermsb", "false"))
    return (
        _numbers(fields.get("dimsize", "")),
        fields.get("elementtype", "").upper(),
        order.lower() == "true",
        "" if is_local else fields["elementdatafile"],
        header,
        fields.get("elementspacing", ""),
    )


def _nrrd(start: bytes) -> tuple | None:
    text, gap, _ = start.partition(b"\n\n")
    fields = _fields(text.decode("latin-1"), ":")
    file = fields.get("data file", fields.get("datafile", ""))
    skips = {fields.get(name, "0") for name in ("byte skip", "byteskip", "line skip", "lineskip")}
    if re.search("color|vector|list|matrix", fields.get("kinds", "").lower()):
        return None
    if fields.get("encoding") != "raw" or skips != {"0"} or not (gap or file):
        return None
    return (
        _numbers(fields.get("sizes", "")),
        fields.get("type", ""),
        fields.get("endian") == "big",
        file,
        0 if file else len(text) + len(gap),
        fields.get("spacings", fields.get("space directions", "")),
    )
