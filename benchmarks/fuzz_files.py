"""The files that fuzz.py tries: valid ones of every kind, with one to eight things wrong."""

import gzip
import io
import math
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from sandseg.errors import SandsegError
from sandseg.scan.formats import open_stack
from sandseg.settings import data_folder

DATA = data_folder() or Path(__file__).parents[2] / "shared" / "data"
LARGEST = 100_000  # bytes of a seed
MOST_PIXELS = 500_000
# What breaks readers: ends of types, sizes just above and below them, nothing at all.
NUMBERS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64, 255, 256, 257, 32767, 32768, 65535]
NUMBERS += [65536, 2**20, 2**24, 2**27, 2**31 - 1, 2**31, 2**32 - 1]
TAGS = [254, 256, 257, 258, 259, 262, 266, 270, 273, 277, 278, 279, 282, 284, 296, 317, 320, 322]
TAGS += [323, 324, 325, 330, 338, 339, 347, 530, 32997, 32998, 50838, 50839]


@dataclass(frozen=True)
class Case:
    """A file as a visitor sends it: its name, its bytes, and the files that come with it.

    `layout` is what is said of raw voxels; `is_labels`: it is sent as labels, of `labels_of`.
    """

    data: bytes
    name: str = "fuzz.tif"
    beside: dict[str, bytes] = field(default_factory=dict)
    layout: str = ""
    is_labels: bool = False
    labels_of: tuple[int, int, int] | None = None


def tiff(array: np.ndarray, **options) -> bytes:
    """Write an array as a TIFF in memory."""
    handle = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tifffile.imwrite(handle, array, **options)
    return handle.getvalue()


def made_here() -> list[bytes]:
    """Return valid files of every kind the reader knows."""
    rng = np.random.default_rng(0)
    volume = rng.integers(0, 255, (3, 20, 24)).astype(np.uint8)
    deep = volume.astype(np.uint16) * 250
    grey_rgb = np.stack([volume[0]] * 3, axis=-1)
    five = rng.integers(0, 255, (2, 3, 2, 16, 18)).astype(np.uint16)
    plain = {"photometric": "minisblack"}
    files = [
        tiff(volume, metadata=None, **plain),
        tiff(deep, **plain),
        tiff(deep, byteorder=">", metadata=None, **plain),
        tiff(deep, bigtiff=True, **plain),
        tiff(volume, imagej=True, metadata={"axes": "ZYX", "unit": "um"}, resolution=(0.5, 0.5)),
        tiff(five, imagej=True, metadata={"axes": "TZCYX"}),
        tiff(five, ome=True, metadata={"axes": "TZCYX", "PhysicalSizeX": 1.5}),
        tiff(grey_rgb, photometric="rgb"),
        tiff(np.moveaxis(grey_rgb, -1, 0), photometric="rgb", planarconfig="separate"),
        tiff(volume[0], photometric="palette", colormap=_TABLE),
        tiff(volume[0] > 99, photometric="miniswhite", compression="packbits"),
        tiff(deep, tile=(16, 16), compression="zlib", predictor=True, **plain),
        tiff(deep, volumetric=True, tile=(1, 16, 16), **plain),
        tiff(deep / np.float32(3), compression="zlib", predictor=True, **plain),
        tiff(deep.astype(np.float16), **plain),
        tiff(deep.astype(np.float64), rowsperstrip=5, **plain),
    ]
    for codec in ("lzw", "zstd", "jpeg", "lzma", "packbits", "jpeg2000", "png", "webp"):
        array = grey_rgb if codec == "webp" else volume[0]
        photometric = "rgb" if codec == "webp" else "minisblack"
        files.append(tiff(array, compression=codec, photometric=photometric))
    pyramid = io.BytesIO()
    with tifffile.TiffWriter(pyramid) as writer:
        writer.write(volume[0], metadata=None, **plain)
        writer.write(volume[0, ::2, ::2], subfiletype=1, metadata=None, **plain)
    pages = {f"slice{z}.tif": tiff(volume[z], **plain) for z in range(3)}
    return [*files, pyramid.getvalue(), zipped(pages), npy(deep), npy(volume / np.float32(7))]


def zipped(members: dict[str, bytes]) -> bytes:
    """Pack files into a ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def npy(array: np.ndarray) -> bytes:
    """Write an array as NumPy does."""
    handle = io.BytesIO()
    np.save(handle, array)
    return handle.getvalue()


def picture(pixels: np.ndarray, kind: str, palette: bytes = b"") -> bytes:
    """Write a picture, (Y, X) or (Y, X, 3) uint8, as PNG, BMP or JPEG."""
    image, handle = Image.fromarray(pixels), io.BytesIO()
    if palette:
        image.putpalette(palette)
    image.save(handle, kind)
    return handle.getvalue()


def described_here() -> list[Case]:
    """Return voxels that a header, a name or a visitor describes, and single pictures."""
    voxels = np.random.default_rng(1).integers(0, 60_000, (3, 20, 24)).astype("<u2")
    raw, packed = voxels.tobytes(), gzip.compress(voxels.tobytes())
    meta = b"ObjectType = Image\nNDims = 3\nDimSize = 24 20 3\nElementType = MET_USHORT\n"
    meta += b"ElementSpacing = 0.002 0.002 0.002\nElementByteOrderMSB = False\n"
    nrrd = b"NRRD0004\ntype: uint16\ndimension: 3\nsizes: 24 20 3\nendian: little\n"
    nrrd += b"space directions: (2,0,0) (0,2,0) (0,0,2)\n" + b'space units: "um" "um" "um"\n'
    vgi = b"{volume1}\n[representation]\nsize = 24 20 3\nbitsperelement = 16\n"
    vgi += b"datatype = unsigned integer\n[file1]\nName = voxels.vol\nSkipHeader = 0\n"
    vgi += b"[geometry]\nresolution = 0.002 0.002 0.002\nunit = mm\n"
    size = b"CompressedDataSize = %d\n" % len(packed)
    grey = (voxels[0] // 256).astype(np.uint8)
    return [
        Case(meta + b"ElementDataFile = LOCAL\n" + raw, "scan.mha"),
        Case(meta + b"ElementDataFile = voxels.raw\n", "scan.mhd", {"voxels.raw": raw}),
        Case(
            meta + b"CompressedData = True\n" + size + b"ElementDataFile = v.zraw\n",
            "scan.mhd",
            {"v.zraw": packed},
        ),
        Case(nrrd + b"encoding: raw\n\n" + raw, "scan.nrrd"),
        Case(nrrd + b"encoding: gzip\n\n" + packed, "scan.nrrd"),
        Case(nrrd + b"encoding: raw\ndata file: v.raw\n\n", "scan.nhdr", {"v.raw": raw}),
        Case(vgi, "scan.vgi", {"voxels.vol": raw}),
        Case(b"HEADER!!" + raw, "scan.raw", layout="3x20x24,<u2,8"),
        *(Case(picture(grey, kind), f"a.{kind.lower()}") for kind in ("PNG", "BMP", "JPEG")),
        Case(tiff(voxels[0]), "s_1.tif", {"s_2.tif": tiff(voxels[1]), "s_3.tif": tiff(voxels[2])}),
    ]


def labels_here() -> list[Case]:
    """Return labels of every kind: values, colors, a palette, one file and several."""
    labels = np.random.default_rng(2).integers(0, 4, (3, 20, 24)).astype(np.uint8)
    colors = np.array([[0, 0, 255], [255, 0, 0], [0, 255, 0], [255, 255, 0]], np.uint8)
    strange = np.array([[1, 2, 3], [90, 10, 0], [9, 255, 200], [130, 130, 7]], np.uint8)
    shape, first = labels.shape, labels[0]
    made = [
        tiff(labels, metadata=None, photometric="minisblack", compression="zlib"),
        tiff(labels * 85, photometric="minisblack"),
        tiff(np.where(labels == 3, np.nan, labels).astype(np.float32), photometric="minisblack"),
        tiff(colors[labels], photometric="rgb"),
        npy(labels),
        zipped({f"l_{z}.png": picture(labels[z] * 50, "PNG") for z in range(3)}),
        zipped({f"l_{z}.tif": tiff(colors[labels[z]], photometric="rgb") for z in (0, 2)}),
    ]
    single = [
        picture(first, "PNG", colors.tobytes()),
        picture(strange[first], "PNG"),
        picture(strange[first], "JPEG"),
        picture(colors[first], "BMP"),
        tiff(first[None] + np.uint8(1), photometric="palette", colormap=_TABLE),
    ]
    cases = [Case(data, is_labels=True, labels_of=shape) for data in made]
    cases += [Case(data, is_labels=True, labels_of=(1, *shape[1:])) for data in single]
    beside = {f"l_{z}.png": picture(labels[z], "PNG") for z in (1, 2)}
    cases.append(Case(picture(first, "PNG"), "l_0.png", beside, is_labels=True, labels_of=shape))
    return cases


_TABLE = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))


def seeds() -> list[Case]:
    """Return the files to mutate: those made here, and small ones of others where at hand."""
    others = sorted((DATA / "tiff" / "valid").glob("*")) if DATA.is_dir() else []
    small = [path.read_bytes() for path in others if path.stat().st_size < LARGEST]
    data = made_here() + [data for data in small if _is_quick(data)]
    return [*map(Case, data), *described_here(), *labels_here()]


def _is_quick(data: bytes) -> bool:
    """Tell whether a file stays small when it is unpacked: time is for many files."""
    try:
        with open_stack(data) as stack:
            return math.prod(stack.shape) <= MOST_PIXELS
    except SandsegError:
        return True


def make(seed: int, index: int, cases: list[Case]) -> Case:
    """Return mutated file number `index` of a seed; in turn some are read as labels."""
    rng = np.random.default_rng((seed, index))
    case = cases[int(rng.integers(0, len(cases)))]
    others = [other.data for other in cases]
    if index % 10 == 9:
        case = replace(case, is_labels=True)
    if case.is_labels and rng.random() < 0.5:
        case = replace(case, labels_of=None)
    if case.layout and rng.random() < 0.5:
        return replace(case, layout=mutate(case.layout.encode(), others, rng).decode("latin-1"))
    if case.beside and rng.random() < 0.3:
        name = str(rng.choice([*case.beside]))
        return replace(case, beside=case.beside | {name: mutate(case.beside[name], others, rng)})
    if case.data.startswith(b"PK") and rng.random() < 0.5:
        return replace(case, data=_spoil_member(case.data, others, rng))
    return replace(case, data=mutate(case.data, others, rng))


def _spoil_member(data: bytes, others: list[bytes], rng: np.random.Generator) -> bytes:
    """Spoil a file in a ZIP, so that the ZIP itself stays whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = str(rng.choice([*members]))
    return zipped(members | {name: mutate(members[name], others, rng)})


def mutate(data: bytes, others: list[bytes], rng: np.random.Generator) -> bytes:
    """Return a file with one to eight things wrong with it."""
    found = bytearray(data)
    for _ in range(min(int(rng.geometric(0.6)), 8)):
        if not found:
            break
        kind = rng.choice(6, p=[0.4, 0.25, 0.1, 0.08, 0.05, 0.12])
        spoil = [_spoil_tag, _spoil_bytes, _spoil_number, _spoil_piece, _cut, _splice][kind]
        spoil(found, others, rng)
    return bytes(found)


def _spoil_tag(found: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    """Change an entry of the first pages: its number, type, count or value."""
    order = ">" if found[:2] == b"MM" else "<"
    if len(found) < 16 or found[:2] not in (b"II", b"MM"):
        return _spoil_number(found, _, rng)
    is_big = struct.unpack_from(order + "H", found, 2)[0] == 43
    entry, head = (20, "Q") if is_big else (12, "H")
    (at,) = struct.unpack_from(order + ("Q" if is_big else "I"), found, 8 if is_big else 4)
    if at + struct.calcsize(head) > len(found):
        return None
    (n_entries,) = struct.unpack_from(order + head, found, at)
    start = at + struct.calcsize(head) + entry * int(rng.integers(0, min(n_entries, 60) + 1))
    if start + entry > len(found):
        return None
    field = rng.choice(4, p=[0.1, 0.15, 0.25, 0.5])
    number = int(rng.choice(NUMBERS)) if rng.random() < 0.8 else int(rng.integers(0, 2**32))
    if field < 2:
        value = int(rng.choice(TAGS)) if field == 0 else int(rng.integers(0, 19))
        struct.pack_into(order + "H", found, start + 2 * field, value)
    else:
        width, position = ("Q", (4, 12)) if is_big else ("I", (4, 8))
        struct.pack_into(order + width, found, start + position[field - 2], number)
    return None


def _spoil_bytes(found: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 6))):
        reach = len(found) if rng.random() < 0.5 else min(len(found), 600)
        found[int(rng.integers(0, reach))] = int(rng.integers(0, 256))


def _spoil_number(found: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    """Change a number that is written in figures near the start, or a word of bytes near an end."""
    written = [*re.finditer(rb"\d+", found[:4000])]
    value = int(rng.choice(NUMBERS))
    if written and rng.random() < 0.7:
        place = written[int(rng.integers(0, len(written)))]
        sign = b"-" if rng.random() < 0.1 else b""
        found[place.start() : place.end()] = sign + str(value).encode()
    elif len(found) >= 8:
        at = int(rng.integers(0, min(len(found) - 4, 400)))
        at = at if rng.random() < 0.5 else len(found) - 4 - at
        struct.pack_into("<I", found, at, value)


def _spoil_piece(found: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    """Overwrite, insert or remove a few bytes."""
    start = int(rng.integers(0, len(found)))
    length = int(rng.integers(1, 33))
    new = rng.bytes(length) if rng.random() < 0.7 else bytes(length)
    found[start : start + (length if rng.random() < 0.6 else 0)] = (
        new if rng.random() < 0.8 else b""
    )


def _cut(found: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    del found[int(rng.integers(0, len(found))) :]


def _splice(found: bytearray, others: list[bytes], rng: np.random.Generator) -> None:
    """Put a piece of another file in."""
    other = others[int(rng.integers(0, len(others)))]
    start = int(rng.integers(0, len(other)))
    piece = other[start : start + int(rng.integers(1, 400))]
    at = int(rng.integers(0, len(found)))
    found[at : at + (len(piece) if rng.random() < 0.5 else 0)] = piece
