"""Feed mutated TIFFs to the reader: each must be understood or refused, never anything else.

    PYTHONPATH=. python benchmarks/fuzz.py [--files N] [--seed S]

File i of a seed is the same in every run, so counting goes on where the last run ended;
benchmarks/fuzz.json keeps what was really run. One worker process at a time holds its memory to a
limit; if it dies, or one file takes too long, that file is a failure and a new worker goes on
behind it. With `--only I` one file is tried again, with its traceback.
"""

import argparse
import faulthandler
import io
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import tifffile

from sandseg.atomic import write_bytes, write_json
from sandseg.errors import SandsegError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.scan.limits import WEB_LIMITS
from sandseg.settings import data_folder

RESULT = Path(__file__).with_suffix(".json")
DATA = data_folder() or Path(__file__).parents[2] / "shared" / "data"
MEMORY_BYTES = 3 * 2**30  # of address space; the libraries alone take about one
FILE_LIMIT_S = 60  # by the clock, on a machine that may be busy
BATCH = 5000
N_KEPT_FAILURES = 50
# What breaks readers: ends of types, sizes just above and below them, nothing at all.
NUMBERS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64, 255, 256, 257, 32767, 32768, 65535]
NUMBERS += [65536, 2**20, 2**24, 2**27, 2**31 - 1, 2**31, 2**32 - 1]
TAGS = [254, 256, 257, 258, 259, 262, 266, 270, 273, 277, 278, 279, 282, 284, 296, 317, 320, 322]
TAGS += [323, 324, 325, 330, 338, 339, 347, 530, 32997, 32998, 50838, 50839]


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
    table = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
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
        tiff(volume[0], photometric="palette", colormap=table),
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
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for z in range(3):
            archive.writestr(f"slice{z}.tif", tiff(volume[z], **plain))
    array = io.BytesIO()
    np.save(array, deep)
    return [*files, pyramid.getvalue(), packed.getvalue(), array.getvalue()]


def seeds() -> list[bytes]:
    """Return the files to mutate: those made here, and small ones of others where at hand."""
    others = sorted((DATA / "tiff" / "valid").glob("*")) if DATA.is_dir() else []
    return made_here() + [path.read_bytes() for path in others if path.stat().st_size < 100_000]


def mutate(data: bytes, others: list[bytes], rng: np.random.Generator) -> bytes:
    """Return a file with one to eight things wrong with it."""
    found = bytearray(data)
    for _ in range(min(int(rng.geometric(0.6)), 8)):
        if not found:
            break
        kind = rng.choice(5, p=[0.5, 0.3, 0.08, 0.04, 0.08])
        [_spoil_tag, _spoil_bytes, _spoil_piece, _cut, _splice][kind](found, others, rng)
    return bytes(found)


def _spoil_tag(found: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    """Change an entry of the first pages: its number, type, count or value."""
    order = ">" if found[:2] == b"MM" else "<"
    if len(found) < 16 or found[:2] not in (b"II", b"MM"):
        return _spoil_bytes(found, _, rng)
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


def make(seed: int, index: int, files: list[bytes]) -> bytes:
    """Return mutated file number `index` of a seed."""
    rng = np.random.default_rng((seed, index))
    return mutate(files[int(rng.integers(0, len(files)))], files, rng)


def try_file(data: bytes, index: int) -> str:
    """Read a file as the app would; return "understood" or "refused", or raise what came out."""
    try:
        if index % 10 == 9:
            read_labels(data, "fuzz.tif")
            return "understood"
        channel = 1 if index % 10 == 8 else None
        with open_stack(data, "fuzz.tif", WEB_LIMITS, channel=channel) as stack:
            for z in {0, stack.n_slices // 2, stack.n_slices - 1}:
                image = stack.read_slice(z)
                if image.shape != stack.shape[1:] or image.dtype != stack.dtype:
                    raise AssertionError(f"{image.shape} {image.dtype} is not as promised")
    except SandsegError as error:
        if not (error.message and error.hint):
            raise AssertionError("an error without a message or a hint") from error
        return "refused"
    return "understood"


def work(seed: int, first: int, count: int, folder: Path) -> None:
    """Try files one after the other, noting which, so that the parent knows what killed us."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    files = seeds()
    ends, failures, slowest = Counter(), [], 0.0
    with (folder / "index").open("r+b", buffering=0) as note, (folder / "trace").open("w") as log:
        for index in range(first, first + count):
            data = make(seed, index, files)
            os.pwrite(note.fileno(), struct.pack("<q", index), 0)
            faulthandler.dump_traceback_later(FILE_LIMIT_S, exit=True, file=log)
            start = time.perf_counter()
            try:
                ends[try_file(data, index)] += 1
            except Exception as error:  # noqa: BLE001
                ends["failed"] += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__}: {error}"[:200]
                failures.append({"index": index, "what": what, "where": str(where)[:200]})
            slowest = max(slowest, time.perf_counter() - start)
            if index % 500 == 499 or index == first + count - 1:
                done = {"next": index + 1, "ends": ends, "failures": failures, "slowest_s": slowest}
                write_json(folder / "done", done)
        faulthandler.cancel_dump_traceback_later()


def run_batch(seed: int, first: int, count: int) -> dict:
    """Run a worker; one that dies has met a file that is a failure, and is counted up to there."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        (folder / "index").write_bytes(struct.pack("<q", first))
        command = [sys.executable, __file__, "--seed", str(seed)]
        command += ["--work", str(first), str(count), name]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        done = folder / "done"
        kept = {"next": first, "ends": {}, "failures": [], "slowest_s": 0.0}
        found = json.loads(done.read_text()) if done.exists() else kept
        if ended.returncode != 0:
            (index,) = struct.unpack("<q", (folder / "index").read_bytes())
            words = ((folder / "trace").read_text() + ended.stderr).strip()
            what = f"worker ended with {ended.returncode}: {words[:300]} … {words[-100:]}"
            if found["next"] < index:  # count what was not noted yet, once more, up to the file
                again = run_batch(seed, found["next"], index - found["next"])
                found = _merged(found, again)
            failure = {"index": index, "what": what, "where": ""}
            dead = {"next": index + 1, "ends": {"failed": 1}, "failures": [failure]}
            found = _merged(found, {**dead, "slowest_s": FILE_LIMIT_S})
    return found


def _merged(one: dict, two: dict) -> dict:
    return {
        "next": two["next"],
        "ends": dict(Counter(one["ends"]) + Counter(two["ends"])),
        "failures": (one["failures"] + two["failures"])[:N_KEPT_FAILURES],
        "slowest_s": round(max(one["slowest_s"], two["slowest_s"]), 3),
    }


def run(seed: int, n_files: int) -> dict:
    """Go on from what was run until so many files of the seed were tried; keep the count."""
    print(f"seed {seed}, {len(seeds())} files to mutate", file=sys.stderr)
    while True:
        known = json.loads(RESULT.read_text()) if RESULT.exists() else {"seeds": {}}
        blank = {"next": 0, "ends": {}, "failures": [], "slowest_s": 0.0}
        before = known["seeds"].get(str(seed), blank)
        left = n_files - before["next"]
        if left <= 0:
            return known
        known["seeds"][str(seed)] = _merged(
            before, run_batch(seed, before["next"], min(left, BATCH))
        )
        totals = Counter()
        for found in known["seeds"].values():
            totals.update(found["ends"])
        known |= {
            "n_files": sum(totals.values()),
            "outcome": dict(totals),
            "limits": {"address_space_bytes": MEMORY_BYTES, "seconds_a_file": FILE_LIMIT_S},
            "versions": {"tifffile": tifffile.__version__, "numpy": np.__version__},
            "last_run": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_bytes(RESULT, (json.dumps(known, indent=1) + "\n").encode())


def main() -> None:
    """Fuzz, or be the worker that does it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="try one file again")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        first, count, folder = args.work
        work(args.seed, int(first), int(count), Path(folder))
    elif args.only is not None:
        print(try_file(make(args.seed, args.only, seeds()), args.only))
    else:
        known = run(args.seed, args.files)
        print(json.dumps(known, indent=1))
        sys.exit(bool(known["outcome"].get("failed")))


if __name__ == "__main__":
    main()
