"""Take a visitor's file: it is decoded in a process of its own and kept as a plain stack.

The web process then reads bare pixels only; the libraries that unpack what strangers bring never
run in it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sandseg.errors import StackError
from sandseg.limits import WEB_LIMITS, StackLimits, size_text
from sandseg.tiff_choices import AmbiguousStackError, Choice, Choices

STACK = "stack.tif"
_ROOT = Path(__file__).parent.parent
_TRY_OTHERWISE = "Export it again as an uncompressed grey TIFF, or segment it on the command line."
# One thread: each reserves memory, and the limit counts what is reserved.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TIFFFILE_NUM_THREADS")


@dataclass(frozen=True)
class Taken:
    """A stack that was kept: a plain TIFF, and what was understood of the file it came from."""

    path: Path
    notes: tuple[str, ...]
    choices: Choices
    axes: str
    compression: str
    voxel_size_um: float | None


def take_upload(
    source: Path | Sequence[Path] | Mapping[str, Path],
    folder: Path,
    limits: StackLimits = WEB_LIMITS,
    *,
    name: str = "",
    series: int | None = None,
    channel: int | None = None,
    time: int | None = None,
) -> Taken:
    """Check and decode a file in a process of its own and keep it as a plain TIFF.

    Args:
        source: What the visitor brought; or the slices they brought, by the names they gave them
            where they are kept under others.
        folder: The visitor's own; the stack is written there whole or not at all.
        limits: The largest stack to accept; memory and time of the process are among them.
        name: What to call the file in messages.
        series: Which image of a file with several, counted from 0.
        channel: Which channel, counted from 0.
        time: Which time point, counted from 0.

    Raises:
        AmbiguousStackError: The file must be chosen from first; its `choices` say what there is.
        StackError: The file is damaged, too large, or cannot be read within the limits.
    """
    if isinstance(source, Path):
        source = {name or source.name: source}
    elif not isinstance(source, Mapping):
        source = {path.name: path for path in source}
    name = name or (next(iter(source)) if len(source) == 1 else f"{len(source)} files")
    # The limit on memory stands in for what the codecs do not tell in advance.
    trusting = replace(limits, trusts_codecs=sys.platform == "linux")
    request = {
        "sources": {called: str(path.absolute()) for called, path in source.items()},
        "name": name,
        "folder": str(folder.absolute()),
        "limits": asdict(trusting),
        "selection": {"series": series, "channel": channel, "time": time},
    }
    answer = _ask(request, name, limits)
    choices = _choices(answer["choices"])
    if "message" in answer:
        if choices:
            raise AmbiguousStackError(answer["message"], answer["hint"], choices)
        raise StackError(answer["message"], answer["hint"])
    facts = {key: answer[key] for key in ("axes", "compression", "voxel_size_um")}
    return Taken(folder / STACK, tuple(answer["notes"]), choices, **facts)


def _ask(request: dict, name: str, limits: StackLimits) -> dict:
    """Run the process and return its answer; an end without one is the file's fault."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "sandseg.decode"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=limits.decode_s,
            cwd=_ROOT,
            env={**os.environ, **dict.fromkeys(_THREADS, "1")},
            check=False,
        )
        return json.loads(ended.stdout)
    except subprocess.TimeoutExpired as error:
        _remove_part(request)
        raise StackError(
            f'"{name}" could not be read within {limits.decode_s:.0f} seconds.',
            hint=f"{_TRY_OTHERWISE} Or start the app with a higher SANDSEG_DECODE_S.",
        ) from error
    except ValueError as error:  # it was ended, by the system or by a fault in a decoder
        _remove_part(request)
        raise StackError(
            f'"{name}" cannot be read: decoding it failed, or took more than '
            f"{size_text(limits.decode_bytes)} of memory.",
            hint=f"{_TRY_OTHERWISE} Or start the app with a higher SANDSEG_DECODE_BYTES.",
        ) from error


def _remove_part(request: dict) -> None:
    (Path(request["folder"]) / f"{STACK}.part").unlink(missing_ok=True)


def _choices(stored: dict | None) -> Choices | None:
    if stored is None:
        return None
    return Choices(
        **{
            kind: Choice(tuple(choice["names"]), choice["chosen"])
            for kind, choice in stored.items()
        }
    )
