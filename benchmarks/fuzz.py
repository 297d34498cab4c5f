"""Feed mutated files to the readers: each must be understood or refused, never anything else.

    PYTHONPATH=. python benchmarks/fuzz.py [--files N] [--seed S]

File i of a seed is the same in every run, so counting goes on where the last run ended;
benchmarks/fuzz.json keeps what was really run. A worker process holds its memory to a
limit; if it dies, or one file takes too long, that file is a failure and a new worker goes on
behind it. With `--only I` one file is tried again, with its traceback. What kinds of files there
are stands in fuzz_files.py; where kinds are added, take a new seed.
"""

import argparse
import faulthandler
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
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import numpy as np
import tifffile

from benchmarks.fuzz_files import Case, make, seeds
from sandseg.atomic import write_bytes, write_json
from sandseg.errors import SandsegError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.scan.limits import WEB_LIMITS
from sandseg.scan.stack import Stack
from sandseg.uploads.decode import decode

RESULT = Path(__file__).with_suffix(".json")
MEMORY_BYTES = 3 * 2**30  # of address space; the libraries alone take about one
FILE_LIMIT_S = 120  # by the clock, on a machine that may be busy
BATCH = 5000
N_KEPT_FAILURES = 50


def try_file(case: Case, index: int, folder: Path) -> str:
    """Read a file as the app would; return "understood" or "refused", or raise what came out."""
    try:
        if case.beside or case.layout or case.is_labels or index % 10 == 7:
            _decode(case, folder)
        else:
            channel = 1 if index % 10 == 8 else None
            with open_stack(case.data, case.name, WEB_LIMITS, channel=channel) as stack:
                _look(stack)
    except SandsegError as error:
        if not (error.message and error.hint):
            raise AssertionError("an error without a message or a hint") from error
        return "refused"
    return "understood"


def _look(stack: Stack) -> None:
    for z in {0, stack.n_slices // 2, stack.n_slices - 1}:
        image = stack.read_slice(z)
        if image.shape != stack.shape[1:] or image.dtype != stack.dtype:
            raise AssertionError(f"{image.shape} {image.dtype} is not as promised")


def _decode(case: Case, folder: Path) -> None:
    """Have it decoded as an upload, look at what is kept of it, and read labels as they are."""
    files = {case.name: case.data} | case.beside
    places = {name: folder / f"part-{number}" for number, name in enumerate(files)}
    for name, data in files.items():
        places[name].write_bytes(data)
    sources = {name: str(path) for name, path in places.items()}
    request = {"sources": sources, "name": case.name, "target": str(folder / "stack.tif")}
    if case.is_labels:
        shape = {"name": "stack", "shape": case.labels_of} if case.labels_of else None
        request |= {"n_classes": 4, "labels_of": shape}
    elif case.layout:
        request["layout"] = case.layout
    else:
        request |= {"selection": {}, "asks": len(case.data) % 2 == 1}
    answer = json.loads(json.dumps(decode(request, WEB_LIMITS)))
    with open_stack(folder / "stack.tif", limits=WEB_LIMITS) as stack:
        if [*stack.shape] != answer["shape"]:
            raise AssertionError(f"{stack.shape} was kept, {answer['shape']} was promised")
        _look(stack)
    if case.is_labels and not case.beside:
        read_labels(places[case.name], case.name)


def work(seed: int, first: int, count: int, folder: Path) -> None:
    """Try files one after the other, noting which, so that the parent knows what killed us."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    files = seeds()
    ends, failures, slowest = Counter(), [], 0.0
    with (folder / "index").open("r+b", buffering=0) as note, (folder / "trace").open("w") as log:
        for index in range(first, first + count):
            case = make(seed, index, files)
            os.pwrite(note.fileno(), struct.pack("<q", index), 0)
            faulthandler.dump_traceback_later(FILE_LIMIT_S, exit=True, file=log)
            start = time.perf_counter()
            try:
                ends[try_file(case, index, folder)] += 1
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


def run(seed: int, n_files: int, n_workers: int) -> dict:
    """Go on from what was run until so many files of the seed were tried; keep the count."""
    print(f"seed {seed}, {len(seeds())} files to mutate", file=sys.stderr)
    while True:
        known = json.loads(RESULT.read_text()) if RESULT.exists() else {"seeds": {}}
        blank = {"next": 0, "ends": {}, "failures": [], "slowest_s": 0.0}
        before = known["seeds"].get(str(seed), blank)
        firsts = range(before["next"], n_files, BATCH)[:n_workers]
        if not firsts:
            return known
        with ThreadPoolExecutor(n_workers) as pool:
            batches = pool.map(
                lambda first: run_batch(seed, first, min(BATCH, n_files - first)), firsts
            )
            known["seeds"][str(seed)] = reduce(_merged, batches, before)
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


def retry(known: dict) -> dict:
    """Try what failed once more; what is understood or refused now is noted as mended."""
    for seed, found in known["seeds"].items():
        for failure in list(found["failures"]):
            again = run_batch(int(seed), failure["index"], 1)
            if not again["failures"]:
                found["failures"].remove(failure)
                ends = Counter(found["ends"])
                ends.subtract(failed=1)
                found["ends"] = dict(+(ends + Counter(again["ends"])))
                known.setdefault("mended", []).append({"seed": int(seed), **failure})
    known["outcome"] = dict(sum((Counter(s["ends"]) for s in known["seeds"].values()), Counter()))
    write_bytes(RESULT, (json.dumps(known, indent=1) + "\n").encode())
    return known


def main() -> None:
    """Fuzz, or be the worker that does it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="at a time")
    parser.add_argument("--retry", action="store_true", help="try what failed, nothing else")
    parser.add_argument("--only", type=int, help="try one file again")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        first, count, folder = args.work
        work(args.seed, int(first), int(count), Path(folder))
    elif args.only is not None:
        with tempfile.TemporaryDirectory() as folder:
            print(try_file(make(args.seed, args.only, seeds()), args.only, Path(folder)))
    elif args.retry:
        print(json.dumps(retry(json.loads(RESULT.read_text())), indent=1))
    else:
        known = run(args.seed, args.files, args.workers)
        print(json.dumps(known, indent=1))
        sys.exit(bool(known["outcome"].get("failed")))


if __name__ == "__main__":
    main()
