"""Whether another commit gives the same: label files, reports, models, addresses, command line.

    SANDSEG_DATA=… PYTHONPATH=. .venv/bin/python benchmarks/unchanged.py OTHER [words …]

OTHER is a checkout of the commit to compare with, with a .venv of its own or a link to one. Both do
the same in processes of their own; what they write, print and show is compared byte by byte, but
for times, speeds and paths. Words choose some of the parts, whose names stand in front of the rows.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMES = {"seconds", "seconds_per_step", "megapixels_per_second", "heartbeat", "created", "pid"}
TIMES |= {"files"}  # checksums of what holds times
ADDRESSES = (
    "home.py",
    "browse.py?sample=phantom&slice=7",
    "browse.py?sample=phantom&of=stack&x=30&y=40",
    "browse.py?sample=sandstone&slice=3",
    "segment.py?sample=phantom&slice=11",
    "segment.py?sample=phantom&slice=11&view=truth",
    "segment.py?sample=phantom&view=confidence&grey=10,200",
    "segment.py?sample=sandstone&slice=7&model=sandstone-tiny",
    "evaluate.py?sample=phantom&slice=20",
    "evaluate.py?sample=sandstone&slice=7&panes=errors&errors_of=clay",
    "compare.py?sample=phantom&slice=5&methods=multi-otsu&methods=sandstone-compact",
    "compare.py?sample=sandstone&slice=7&methods=multi-otsu&methods=random-forest",
    "train.py",
)
# Opens an address as a visitor would, and prints what stands on the page as JSON.
OPEN = """
import json, sys
from streamlit.testing.v1 import AppTest
page, _, query = sys.argv[1].partition("?")
at = AppTest.from_file("app.py", default_timeout=300).run()
values = {}
for part in filter(None, query.split("&")):
    key, _, value = part.partition("=")
    values.setdefault(key, []).append(value)
for key, found in values.items():
    at.query_params[key] = found if len(found) > 1 else found[0]
at.switch_page(f"pages/{page}").run()
kinds = ("title", "header", "markdown", "caption", "error", "info", "warning", "button", "metric")
shown = {}
for kind in kinds:
    shown[kind] = [getattr(one, "value", None) or one.label for one in getattr(at, kind)]
shown["html"] = [one.proto.body for one in at.get("html")]
shown["exceptions"] = [one.message for one in at.exception]
shown["address"] = {key: list(at.query_params[key]) for key in sorted(at.query_params)}
print(json.dumps(shown, default=str))
"""


def commands(data: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the words of each command; it runs in a folder with IN/ of made files."""
    yield "phantom", "phantom -o rock --shape 8 96 96 --seed 3"
    yield "segment", "segment rock/image.tif -o l.tif --confidence c.tif --report r.json"
    for options in ("--grey identity", "--grey 20,220", "--slices 2:5", "--labels rock/labels.tif"):
        yield "segment", f"segment rock/image.tif -o l.tif --report r.json {options}"
    yield "segment", "segment rock/image.tif -o l.tif --report r.json --voxel-size 3 --rescale"
    yield "segment", "segment rock/image.tif -o l.tif --report r.json --model sandstone-tiny"
    yield "evaluate", "evaluate l.tif rock/labels.tif --report e.json"
    for folder in ("sandstone/images", "scans", "other"):
        for path in sorted((data / folder).glob("*.tif*")):
            yield folder, f"segment {path} -o l.tif --confidence c.tif --report r.json"
    slice_ = data / "sandstone/images/Sandstone_Versa0150.tif"
    if slice_.exists():
        yield "even", f"segment {slice_} -o l.tif --report r.json --even"
    for folder in ("tiff", "cases"):
        for path in sorted((data / folder).rglob("*")):
            if path.is_file() and path.suffix != ".md":
                yield folder, f"inspect {path} --json"
    train = "train rock/image.tif rock/labels.tif --run run --preset tiny --epochs 1 --steps 3"
    yield "train", f"{train} --batch-size 2 --seed 1"


def run(root: Path, folder: Path, words: list[str]) -> dict:
    """Run a command of one checkout; return what it wrote, printed and gave back."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    environment = {**os.environ, "PYTHONPATH": str(root), "SANDSEG_CACHE": str(folder / "cache")}
    done = subprocess.run(
        [root / ".venv" / "bin" / "python", *words],
        cwd=folder if words[0] == "-m" else root,
        env=environment,
        capture_output=True,
        text=True,
    )
    found = {"code": done.returncode, "out": plain(done.stdout, root, folder)}
    if done.returncode:
        found["err"] = plain(done.stderr, root, folder)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and before.get(path) != path.stat().st_mtime_ns:
            name = str(path.relative_to(folder))
            if not name.startswith("cache/"):
                found[name] = content(path, root, folder)
    return found


def plain(text: str, root: Path, folder: Path) -> str:
    """Leave out what is another in every run: places and times."""
    text = text.replace(str(folder), "HERE").replace(str(root), "ROOT")
    return re.sub(r"[\d.]+ (megapixels/s|s\b)", r"N \1", text)


def content(path: Path, root: Path, folder: Path) -> object:
    """Return what is in a file: numbers without times of JSON, the checksum of anything else."""
    if path.suffix in (".json", ".jsonl"):
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        return [without_times(json.loads(plain(line, root, folder))) for line in lines]
    if path.suffix in (".txt", ".log", ".keras", ".npz"):  # archives have times in them
        return "not compared"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_times(found: object) -> object:
    """Leave out entries that say how long something took."""
    if isinstance(found, dict):
        return {key: without_times(value) for key, value in found.items() if key not in TIMES}
    return [without_times(value) for value in found] if isinstance(found, list) else found


def differences(one: object, other: object, place: str = "") -> Iterator[str]:
    """Yield a line for each place in which two results differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key), other.get(key), f"{place}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{place}/{i}")
    elif one != other and not (one != one and other != other):  # nan is nan
        yield f"    {place}: {str(other)[:200]!r} → {str(one)[:200]!r}"


def main() -> None:
    """Print a row for each command and address, and a line below for each difference."""
    other, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    data = Path(os.environ.get("SANDSEG_DATA") or ROOT.parent / "shared" / "data")
    asked = [(name, ["-m", "sandseg", *words.split()]) for name, words in commands(data)]
    asked += [("address", ["-c", OPEN, address]) for address in ADDRESSES]
    n_same = n_different = 0
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        for name, words in asked:
            if wanted and not any(word in name for word in wanted) and name != "phantom":
                continue
            found = [
                run(root, Path(place), words) for root, place in ((ROOT, here), (other, there))
            ]
            lines = list(differences(*found))
            n_same, n_different = n_same + (not lines), n_different + bool(lines)
            print(f"{'differs' if lines else 'same   '} {name:18s} {' '.join(words[2:])[:90]}")
            print("\n".join(lines[:12]), end="\n" if lines else "", flush=True)
    print(f"{n_same} the same, {n_different} different")


if __name__ == "__main__":
    main()
