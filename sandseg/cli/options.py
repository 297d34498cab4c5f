"""What can be said on the command line: each option once, with its help."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from sandseg.config import Treatment
from sandseg.scan.read_options import ReadOptions

LabelValuesOption = Annotated[
    str, typer.Option(help="What values of the true labels mean, as in 1=air,2=clay,0=-.")
]
LabelColorsOption = Annotated[
    str, typer.Option(help="What colors of the true labels mean, as in red=air,#ff8000=clay.")
]
LabelSlicesOption = Annotated[
    str, typer.Option(help="Slices that have true labels, from 1, as in 3,7,12 or 3-6.")
]
PredictedOption = Annotated[
    str, typer.Option(help="What values of the predicted labels mean, where another program's.")
]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Write the numbers as JSON.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FILE_HELP = (
    "A TIFF, PNG, BMP or JPEG, a ZIP or folder of such slices, .npy, .mhd, .nrrd, .vgi, or raw."
)
FileArgument = Annotated[Path, typer.Argument(help=_FILE_HELP)]
_GREY_HELP = "auto, identity, or LOW,HIGH; a LOW above HIGH inverts."
_RESCALE_HELP = "Show slices to the model in voxels as large as those it learned from."
_EVEN_HELP = "Even out brightness that drifts across the slices, as by beam hardening."
_SAMPLE_HELP = "Where the sample lies: auto, all, circle:X,Y,RADIUS or box:LEFT,TOP,RIGHT,BOTTOM."
_AVERAGE_HELP = "Average over eight ways to lay a slice down: surer of what is doubtful, slower."
_Options = dict[str, tuple[Any, Any]]  # by name: the type with its help, and the default
_READ: _Options = {
    "series": (Annotated[int | None, typer.Option(help="Which of several images, from 1.")], None),
    "channel": (Annotated[int | None, typer.Option(help="Which channel, from 1.")], None),
    "time": (Annotated[int | None, typer.Option(help="Which time point, from 1.")], None),
    "voxel_size": (Annotated[float | None, typer.Option(help="Edge of a voxel in µm.")], None),
    "raw": (Annotated[str, typer.Option(help="Raw voxels: ZxYxX,TYPE[,HEADER BYTES].")], ""),
}
_SLICES: _Options = {
    "slices": (Annotated[str, typer.Option(help="Only these, from 1, as in 10:20.")], "")
}
_TREATED: _Options = {
    "grey": (Annotated[str, typer.Option(help=_GREY_HELP)], "auto"),
    "rescale": (Annotated[bool, typer.Option("--rescale", help=_RESCALE_HELP)], False),
    "even": (Annotated[bool, typer.Option("--even", help=_EVEN_HELP)], False),
    "sample": (Annotated[str, typer.Option(help=_SAMPLE_HELP)], "auto"),
    "average": (Annotated[bool, typer.Option("--average", help=_AVERAGE_HELP)], False),
}


def reads_slices(command: Callable) -> Callable:
    """Give a command the options of how a file is read: it takes them as `read`, `ReadOptions`."""
    return _gathering(command, "read", _READ | _SLICES, _read_options)


def reads_all(command: Callable) -> Callable:
    """Do as `reads_slices`, but for a file that is read as a whole."""
    return _gathering(command, "read", _READ, _read_options)


def treats(command: Callable) -> Callable:
    """Give a command the options of how slices reach a model: it takes them as `treatment`."""
    return _gathering(command, "treatment", _TREATED, lambda **given: Treatment(*given.values()))


def _read_options(raw: str, voxel_size: float | None, slices: str = "", **chosen) -> ReadOptions:
    return ReadOptions.parse(slices, raw, **chosen, voxel_size_um=voxel_size)


def _gathering(command: Callable, name: str, options: _Options, make: Callable) -> Callable:
    """Let a command be called with options instead of the one thing that is made of them."""
    signature = inspect.signature(command)
    kept = [one for one in signature.parameters.values() if one.name != name]
    kind = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter(option, kind, default=default, annotation=annotation)
        for option, (annotation, default) in options.items()
    ]

    @wraps(command)
    def run(*args, **given) -> None:
        chosen = {option: given.pop(option, options[option][1]) for option in options}
        command(*args, **given, **{name: make(**chosen)})

    run.__signature__ = signature.replace(parameters=[*kept, *added])
    run.__annotations__ = {one.name: one.annotation for one in (*kept, *added)}
    return run
