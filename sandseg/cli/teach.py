"""The command line's teaching: strokes on an image to labels, and to a model of one's own."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sandseg.classes import SegmentationClass, numbered_classes
from sandseg.cli.console import err, out, progress_bar
from sandseg.cli.options import (
    FileArgument,
    ReportOption,
    reads_all,
    treats,
)
from sandseg.cli.results import composition_line, connection_line
from sandseg.config import Treatment
from sandseg.errors import ConfigError
from sandseg.model.store import AUTO
from sandseg.scan.read_options import ReadOptions

PORE = "pore"
_CLASSES_HELP = "Names of the classes in order, as in air:#1B2A5C:pore,clay,quartz:#8FBCD4."
_MODEL_HELP = "Whose features are taken, or auto; a taught one is taught on."

teaching = typer.Typer(rich_markup_mode=None)  # its command stands beside the others


@teaching.command()
@reads_all
@treats
def teach(
    image: FileArgument,
    strokes: Annotated[
        Path, typer.Argument(help="Labels of the same size: 0 not painted, 1, 2 … the classes.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The label TIFF to write.")],
    read: ReadOptions,
    treatment: Treatment,
    on: Annotated[Path | None, typer.Option(help="Segment this one instead of IMAGE.")] = None,
    keep: Annotated[str, typer.Option(help="Keep what was learned as a model of this name.")] = "",
    confidence: Annotated[Path | None, typer.Option(help="Confidence TIFF to write.")] = None,
    report: ReportOption = None,
    classes: Annotated[str, typer.Option(help=_CLASSES_HELP)] = "",
    model: Annotated[str, typer.Option(help=_MODEL_HELP)] = AUTO,
    correct: Annotated[
        bool, typer.Option("--correct", help="Begin with the model's own answer and classes.")
    ] = False,
) -> None:
    """Learn from a few strokes painted on IMAGE, and segment it into their classes."""
    described = parse_classes(classes)
    from sandseg.predict.teach_file import TeachRequest  # loaded when there is something to do

    request = TeachRequest(
        image,
        strokes,
        output,
        on,
        keep,
        confidence,
        report,
        described,
        classes,
        model,
        correct,
        treatment,
        read,
    )
    _tell(_run(request), request)


def _run(request) -> dict:
    from sandseg.predict.teach_file import teach_file

    with progress_bar() as bar:
        task = bar.add_task("Segmenting", total=None)
        return teach_file(
            request, lambda done: bar.update(task, completed=done.n_done, total=done.n_slices)
        )


def _tell(found: dict, request) -> None:
    if found["model_note"]:
        err.print(f"note: {found['model_note']}")
    for warning in found["warnings"]:
        err.print(f"warning: {warning}")
    taught = found["teaching"]
    strokes = ", ".join(f"{name} {number}" for name, number in taught["n_strokes"].items())
    n_scans = len(taught["scans"])
    of = f" on {n_scans} scans" if n_scans > 1 else ""
    out.print(f"Strokes{of}: {strokes}; features of {taught['network']}", soft_wrap=True)
    out.print(taught["held_back"]["meaning"], soft_wrap=True)
    out.print(composition_line(found), soft_wrap=True)
    if line := connection_line(found):
        out.print(line, soft_wrap=True)
    kept = f"; kept as {request.keep}" if request.keep else ""
    out.print(f"→ {request.labels}{kept}", soft_wrap=True)


def parse_classes(text: str) -> tuple[SegmentationClass, ...]:
    """Read "air:#1B2A5C:pore,clay,quartz": each a name, a color and "pore", the last two optional.

    Raises:
        ConfigError: It is written otherwise.
    """
    if not text.strip():
        return ()
    parts = [[piece.strip() for piece in part.split(":")] for part in text.split(",")]
    if not 2 <= len(parts) <= 8:
        raise ConfigError(
            f"{len(parts)} classes are named; 2 to 8 can be told apart.",
            hint="Name each class once, with commas between them.",
        )
    names = [name.casefold() for name, *_ in parts]
    if len(set(names)) < len(names) or "" in names:
        raise ConfigError(
            "A class has no name, or two have the same.", hint="Give each class a name of its own."
        )
    usual = numbered_classes(len(parts))
    return tuple(_class(value + 1, *part, usual=usual[value]) for value, part in enumerate(parts))


def _class(value: int, name: str, *more: str, usual: SegmentationClass) -> SegmentationClass:
    colors = [piece for piece in more if re.fullmatch("#[0-9a-fA-F]{6}", piece)]
    others = [piece for piece in more if piece and piece not in colors]
    if len(colors) > 1 or others not in ([], [PORE]):
        raise ConfigError(
            f'"{":".join([name, *more])}" describes no class.',
            hint=f"Write its name, or name:#ff8000, or name:#ff8000:{PORE} for pore space.",
        )
    return SegmentationClass(value, name, *(colors or [usual.color]), is_pore=others == [PORE])
