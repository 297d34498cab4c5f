"""A decoder in a hostile file's hands: what it writes and says is not what it was asked for.

Started by `test_answers.py`; the file's name says what it does.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tifffile import TiffWriter

SHAPE = (2, 20, 30)
NO_CHOICE = {"names": [], "chosen": 0}
ANSWER = {
    "notes": [],
    "warnings": [],
    "axes": "ZYX",
    "compression": "none",
    "voxel_size_um": None,
    "choices": {"series": NO_CHOICE, "channel": NO_CHOICE, "time": NO_CHOICE},
    "apart": "",
    "shape": SHAPE,
    "dtype": "uint8",
    "is_colored": False,
    "names": [],
    "colors": [],
    "legend": {"kind": "", "classes": []},
}
REFUSAL = {"message": "no", "hint": "", "choices": None, "kind": "stack", "can_be_one": False}


def write(path: Path, shape: tuple[int, ...] = SHAPE, dtype: str = "uint8", **options: str) -> None:
    """Write a stack; without options, as the real one does."""
    with TiffWriter(path) as writer:
        for image in np.full(shape, 7, dtype):
            usual = {"photometric": "minisblack", "metadata": None, "contiguous": not options}
            writer.write(image, **usual | options)


def link(path: Path) -> None:
    """Lead to a stack that is plain."""
    write(path.with_name("elsewhere.tif"))
    path.symlink_to(path.with_name("elsewhere.tif"))


WRITES: dict[str, Callable[[Path], None]] = {
    "JPEG 2000": lambda path: write(path, compression="jpeg2000"),
    "compressed": lambda path: write(path, compression="zlib"),
    "a link": link,
    "another shape": lambda path: write(path, (2, 30, 20)),
    "more slices": lambda path: write(path, (3, 20, 30)),
    "another type": lambda path: write(path, dtype="int8"),
    "a picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1200)),
    "an array": lambda path: np.save(path.open("wb"), np.zeros(SHAPE, np.uint8)),
    "nothing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
}
SAYS: dict[str, dict] = {
    "no shape": {"shape": None},
    "a huge shape": {"shape": [10**9, 10**9, 10**9]},
    "a negative shape": {"shape": [-2, -20, 30]},
    "pickled objects": {"dtype": "O"},
    "no type": {"dtype": "rock"},
    "markup for a color": {"colors": ["red\"><img src='https://evil.example'>"]},
    "markup for a class's color": {
        "legend": {
            "kind": "strokes",
            "classes": [{"name": "a", "color": "#12345<", "is_pore": False}],
        }
    },
    "a number for a class": {"legend": {"kind": "strokes", "classes": [7]}},
    "no legend": {"legend": None},
    "numbers for words": {"notes": [1, 2]},
    "no choices": {"choices": None},
    "choices of numbers": {"choices": {"series": {"names": [1], "chosen": 0}}},
    "a choice beyond": {"choices": {"series": {"names": ["a"], "chosen": -1}}},
    "other choices": {"choices": {"where": {"names": ["a"], "chosen": 0}}},
    "a word for a length": {"voxel_size_um": "large"},
}
BRINGS: dict[str, object] = {
    "no list": {"message": "no"},
    "a number": [7],
    "too little of a refusal": [{"message": "no"}],
    "numbers in a refusal": [REFUSAL | {"message": 7}],
    "nothing for a file": [],
    "two for a file": [ANSWER, ANSWER],
}


def main() -> None:
    """Do what the name of the file says."""
    [request] = json.load(sys.stdin)["requests"]
    name, target = request["name"], Path(request["target"])
    if name == "words without end":
        answers = [ANSWER | {"notes": ["x" * 10**6] * 5, "axes": "y" * 10**6}]
    elif name == "parts elsewhere":
        answers = [{"places": {"a.tif": str(next(iter(request["sources"].values())))}}]
    elif name == "parts by a link":
        target.with_name("part-000").symlink_to("/etc/passwd")
        answers = [{"places": {"a.tif": str(target.with_name("part-000"))}}]
    else:
        answers = BRINGS.get(name, [ANSWER | SAYS.get(name, {})])
    WRITES.get(name, write)(target)
    if name == "more files":
        for stray in ("original-000", "upload.json", "zzz.tif"):
            write(target.with_name(stray), compression="jpeg2000")
        target.with_name("link").symlink_to("/etc")
        target.with_name("folder").mkdir()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
