"""What is asked of a model: a file, how to treat it, what to write; kept, or as a command."""

import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.atomic import read_json, write_json
from sandseg.config import Treatment
from sandseg.errors import ConfigError
from sandseg.model.store import AUTO
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.read_options import ReadOptions

_PATHS = ("source", "labels", "confidence", "report", "truth")
_USUAL_ENGINE = "openvino"


@dataclass(frozen=True)
class Origin:
    """What a file that is segmented was made from, where a page reads a copy of its own making.

    Its `title` and the `numbers` of its slices are those on screen; `apart` says why the slices may
    not lie directly on one another; `command` makes the same labels of what its owner has.
    """

    title: str
    numbers: tuple[str, ...] = ()
    apart: str = ""
    command: str = ""


@dataclass(frozen=True)
class SegmentRequest:
    """A segmentation as it is asked for: page, command line and job fill in the same record."""

    source: Path
    labels: Path  # to write
    confidence: Path | None = None  # to write
    report: Path | None = None  # to write
    truth: Path | None = None  # labels to compare with
    model: str = AUTO
    engine: str = _USUAL_ENGINE
    treatment: Treatment = Treatment()
    read_options: ReadOptions = ReadOptions()
    label_values: str = ""  # what values of the truth mean, as in "1=air,2=clay"
    label_colors: str = ""
    label_slices: str = ""  # of which slices the truth is, from 1, as in "3,7,12"
    origin: Origin | None = None

    @property
    def command(self) -> str:
        """What makes the same labels again, to be pasted into a shell."""
        return self.origin.command if self.origin else command_of(self)


def write_request(path: Path, request: SegmentRequest) -> None:
    """Keep a request for a process that starts elsewhere: its paths are made absolute."""
    entries = asdict(request)
    for name in _PATHS:
        given = getattr(request, name)
        entries[name] = str(given.absolute()) if given else None
    if raw := entries["read_options"]["raw"]:
        raw["dtype"] = np.dtype(raw["dtype"]).str
    write_json(path, entries)


def read_request(path: Path) -> SegmentRequest:
    """Read what `write_request` kept.

    Raises:
        ConfigError: It is missing, or not what a request looks like.
    """
    try:
        entries = read_json(path)
        options = entries["read_options"]
        if raw := options["raw"]:
            raw = RawFormat(tuple(raw["shape"]), np.dtype(raw["dtype"]), raw["n_header_bytes"])
        slices = options["slices"] and tuple(options["slices"])
        return replace(
            SegmentRequest(**entries),
            treatment=Treatment(**entries["treatment"]),
            read_options=ReadOptions(
                **options | {"raw": raw, "slices": slices, "warnings": tuple(options["warnings"])}
            ),
            origin=_origin(entries["origin"]),
            **{name: entries[name] and Path(entries[name]) for name in _PATHS},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f'"{path.name}" describes no segmentation ({type(error).__name__}: {error}).',
            hint="Ask for the segmentation again.",
        ) from error


def _origin(entries: dict | None) -> Origin | None:
    return Origin(**entries | {"numbers": tuple(entries["numbers"])}) if entries else None


def command_of(request: SegmentRequest) -> str:
    """Return the command that asks for the same on the command line, quoted for a shell."""
    how, read = request.treatment, request.read_options
    first, last = read.slices or (None, None)
    options = {
        "--model": request.model,
        "--grey": how.grey,
        "--sample": "" if how.sample == "auto" else how.sample,
        "--confidence": request.confidence,
        "--report": request.report,
        "--labels": request.truth,
        "--label-values": request.label_values,
        "--label-colors": request.label_colors,
        "--label-slices": request.label_slices,
        "--engine": "" if request.engine == _USUAL_ENGINE else request.engine,
        "--series": read.series,
        "--channel": read.channel,
        "--time": read.time,
        "--slices": first and f"{first}:{last}",
        "--voxel-size": read.voxel_size_um,
        "--raw": read.raw,
    }
    given = [f"{name}={value}" for name, value in options.items() if value]
    flags = {"--rescale": how.is_rescaled, "--even": how.is_evened, "--average": how.is_averaged}
    given += [flag for flag, is_set in flags.items() if is_set]
    source = str(request.source)
    source = f"./{source}" if source.startswith("-") else source
    start = ["python", "-m", "sandseg", "segment", source, "-o", str(request.labels)]
    return shlex.join([*start, *given])
