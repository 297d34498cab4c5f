"""What is asked of a model: a file, how to read and treat it, and what to write. It can be kept."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.atomic import read_json, write_json
from sandseg.config import Treatment
from sandseg.errors import ConfigError
from sandseg.model.store import DEFAULT_MODEL
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.read_options import ReadOptions

_PATHS = ("source", "labels", "confidence", "report", "truth")


@dataclass(frozen=True)
class SegmentRequest:
    """A segmentation as it is asked for: page, command line and job fill in the same record."""

    source: Path
    labels: Path  # to write
    confidence: Path | None = None  # to write
    report: Path | None = None  # to write
    truth: Path | None = None  # labels to compare with
    model: str = DEFAULT_MODEL
    engine: str = "openvino"
    treatment: Treatment = Treatment()
    read_options: ReadOptions = ReadOptions()
    label_values: str = ""  # what values of the truth mean, as in "1=air,2=clay"
    label_colors: str = ""


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
            **{name: entries[name] and Path(entries[name]) for name in _PATHS},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f'"{path.name}" describes no segmentation ({type(error).__name__}: {error}).',
            hint="Ask for the segmentation again.",
        ) from error
