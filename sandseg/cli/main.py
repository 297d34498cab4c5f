"""The command line: the same functions the pages call."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from sandseg.atomic import write_json, write_text
from sandseg.classes import SANDSTONE
from sandseg.cli.add_model import adding
from sandseg.cli.console import err, out, print_in_any_encoding, progress_bar
from sandseg.cli.inspect import facts_rows, stack_facts
from sandseg.cli.options import (
    FileArgument,
    JsonOption,
    LabelColorsOption,
    LabelSlicesOption,
    LabelValuesOption,
    PredictedOption,
    ReportOption,
    reads_slices,
    treats,
)
from sandseg.cli.results import composition_line, connection_line, print_scores
from sandseg.cli.scan import scanning
from sandseg.cli.teach import teaching
from sandseg.cli.train import training
from sandseg.config import Treatment
from sandseg.errors import SandsegError
from sandseg.export.report import to_json
from sandseg.measure.sample import labels_inside
from sandseg.model.request import SegmentRequest, read_request
from sandseg.model.store import AUTO, list_models
from sandseg.scan.choices import AmbiguousStackError
from sandseg.scan.labels.files import Meanings
from sandseg.scan.labels.read import read_labels, read_labels_for
from sandseg.scan.labels.slices import parse_label_slices
from sandseg.scan.read_options import ReadOptions, open_with_options
from sandseg.scan.stack import Stack
from sandseg.score.metrics import few_classes
from sandseg.score.regions import LABELLED, RegionScores
from sandseg.settings import check_settings

if TYPE_CHECKING:  # what computes is loaded when there is something to compute
    from sandseg.predict.slices import Progress

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Segment X-ray micro-CT slices of sandstone into air, clay, quartz and pyrite.",
)

UsageError = typer.BadParameter.__base__  # typer does not name it itself
INTERRUPTED = 130  # what typer gives back after Ctrl-C
TERMINATED = 143  # as a shell tells of SIGTERM


def main() -> None:
    """Run the command line; what the user can put right ends with exit code 2 and no traceback."""
    signal.signal(signal.SIGTERM, _end)
    print_in_any_encoding()
    try:
        for warning in check_settings():
            err.print(f"warning: {warning}")
        code = app(standalone_mode=False) or 0
    except AmbiguousStackError as error:
        options = [f"--{kind} 1 to {len(c.names)}" for kind, c in error.choices.open.items()]
        _refuse(error.message, f"{error.hint} ({', '.join(options)})" if options else error.hint)
    except SandsegError as error:
        _refuse(error.message, error.hint)
    except UsageError as error:
        _refuse(error.format_message(), "Add --help to see what can be given.")
    except OSError as error:
        _refuse(str(error), "Check the name, who may write there, and the space left.")
    if code == INTERRUPTED:
        err.print("Stopped; nothing half-written is left.")
    sys.exit(code)


_is_ending = threading.Event()  # a library may swallow the exit: the next slice sees this


def _end(*_: object) -> None:
    """Leave through all clean-ups, so that nothing half-written stays."""
    _is_ending.set()
    sys.exit(TERMINATED)


def _refuse(message: str, hint: str) -> None:
    err.print(f"error: {_one_line(message)}")
    err.print(f"hint: {_one_line(hint)}")
    sys.exit(2)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@app.command()
@reads_slices
def inspect(
    file: FileArgument,
    read: ReadOptions,
    as_json: JsonOption = False,
) -> None:
    """Show what the app understands of a file."""
    with open_with_options(file, read) as stack:
        facts = stack_facts(stack)
    if as_json:
        out.print_json(json.dumps(facts))
        return
    table = Table(show_header=False, box=None)
    for row in facts_rows(facts):
        table.add_row(*row)
    out.print(table)


@app.command()
@reads_slices
@treats
def segment(
    file: FileArgument,
    read: ReadOptions,
    treatment: Treatment,
    output: Annotated[Path, typer.Option("-o", "--output", help="The label TIFF to write.")],
    model: Annotated[str, typer.Option(help="A model of `sandseg models`, or auto.")] = AUTO,
    confidence: Annotated[Path | None, typer.Option(help="Confidence TIFF to write.")] = None,
    report: ReportOption = None,
    labels: Annotated[Path | None, typer.Option(help="True labels to compare with.")] = None,
    label_values: LabelValuesOption = "",
    label_colors: LabelColorsOption = "",
    label_slices: LabelSlicesOption = "",
    engine: Annotated[str, typer.Option(help="openvino or keras.")] = "openvino",
) -> None:
    """Segment a file into a label TIFF."""
    meanings = {"label_values": label_values, "label_colors": label_colors}
    meanings |= {"label_slices": label_slices}
    request = SegmentRequest(
        file,
        output,
        confidence,
        report,
        labels,
        **meanings,
        model=model,
        engine=engine,
        treatment=treatment,
        read_options=read,
    )
    found = _segment(request)
    if found["model_note"]:
        err.print(f"note: {found['model_note']}")
    for warning in found["warnings"]:
        err.print(f"warning: {warning}")
    out.print(composition_line(found), soft_wrap=True)
    if line := connection_line(found):
        out.print(line, soft_wrap=True)
    if "iou" in found:
        print_scores(found)
    speed = f"{found['megapixels_per_second']:.3g} megapixels/s"
    out.print(f"{speed} with {found['model']} → {output}", soft_wrap=True)


@app.command("segment-job", hidden=True)
def segment_job(folder: Annotated[Path, typer.Argument(help="Holds request.json.")]) -> None:
    """Do what a job's folder asks for; the progress is kept there."""
    from sandseg.runs.segmentation import PROGRESS, REQUEST

    def keep(done: "Progress") -> None:
        write_json(folder / PROGRESS, asdict(done) | {"seconds_left": done.seconds_left})

    _segment(read_request(folder / REQUEST), keep)


def _segment(request: SegmentRequest, keep: Callable[["Progress"], None] = lambda _: None) -> dict:
    """Segment and show how far it is; leave between two slices when asked to end."""
    from sandseg.predict.segment import segment_file

    with progress_bar() as bar:
        task = bar.add_task("Segmenting", total=None)

        def on_progress(done: "Progress") -> None:
            if _is_ending.is_set():
                sys.exit(TERMINATED)
            bar.update(task, completed=done.n_done, total=done.n_slices)
            keep(done)

        return segment_file(request, on_progress)


@app.command()
def evaluate(
    predicted: Annotated[Path, typer.Argument(help="Label TIFF to judge.")],
    true: Annotated[Path, typer.Argument(help="Label TIFF to judge by.")],
    report: ReportOption = None,
    label_values: LabelValuesOption = "",
    label_colors: LabelColorsOption = "",
    label_slices: LabelSlicesOption = "",
    predicted_values: PredictedOption = "",
) -> None:
    """Compare predicted labels with true ones: confusion matrix, IoU, accuracy."""
    names = [material.name for material in SANDSTONE]
    meanings = Meanings.parse(label_values, label_colors, SANDSTONE)
    judged_by = Meanings.parse(predicted_values, "", SANDSTONE)
    judged = read_labels(predicted, predicted.name, meanings=judged_by)
    stack, slices = Stack.from_array(judged, predicted.name), parse_label_slices(label_slices)
    judges, note = read_labels_for(stack, true, meanings=meanings, slices=slices)
    scores = RegionScores(names)
    for z, (true_slice, labels) in enumerate(zip(judges, judged, strict=True)):
        scores.add(z, labels_inside(true_slice, SANDSTONE), true_slice, labels)
    found = scores.facts(LABELLED)
    found["warnings"] = [*filter(None, [note, few_classes(found, names)])]
    for warning in found["warnings"]:
        err.print(f"warning: {warning}")
    if report:
        write_text(report, to_json(found))
    print_scores(found)


@app.command()
def models(as_json: JsonOption = False) -> None:
    """List the models at hand."""
    known = list_models()
    if as_json:
        out.print_json(json.dumps([{**model.card, "name": model.name} for model in known]))
        return
    table = Table(
        "model", "title", "parameters", "classes", "mean IoU inside the test slices' rock", box=None
    )
    for model in known:
        test = model.card["scores"].get("test", {}).get("inside the rock", {}).get("mean_iou")
        table.add_row(
            model.name,
            model.title,
            f"{model.card['n_parameters']:,}",
            ", ".join(material.name for material in model.classes),
            f"{test:.3f}" if test is not None else "not tested",
        )
    out.print(table)


@app.command()
def phantom(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for image and labels.")],
    shape: Annotated[tuple[int, int, int], typer.Option(help="Z Y X.")] = (64, 256, 256),
    seed: Annotated[int, typer.Option(help="Another seed, another rock.")] = 0,
) -> None:
    """Make a synthetic sandstone with its true labels: image.tif and labels.tif."""
    from sandseg.data.phantom import PhantomConfig, make_phantom
    from sandseg.export.tiff import write_image, write_labels

    config = PhantomConfig(shape=shape, seed=seed)
    made = make_phantom(config)
    output.mkdir(parents=True, exist_ok=True)
    write_image(output / "image.tif", made.image, config.voxel_size_um)
    write_labels(output / "labels.tif", made.labels, SANDSTONE, config.voxel_size_um)
    out.print(f"{shape[0]} slices of {shape[1]} × {shape[2]} px → {output}")


app.add_typer(teaching)
app.add_typer(training)
app.add_typer(adding)
app.add_typer(scanning)
