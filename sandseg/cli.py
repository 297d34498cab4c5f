"""The command line: the same functions the pages call."""

import json
import shlex
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sandseg.classes import SANDSTONE
from sandseg.config import CHOICES, PRESETS, preset
from sandseg.errors import SandsegError, StackError
from sandseg.export import write_text
from sandseg.metrics import confusion_matrix, scores
from sandseg.model_store import DEFAULT_MODEL, list_models
from sandseg.report import to_json
from sandseg.stack import LOCAL_LIMITS, Stack, check_values, open_stack, read_labels

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Segment X-ray micro-CT slices of sandstone into air, clay, quartz and pyrite.",
)
# Without markup and emoji: file names may hold brackets and colons.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

UsageError = typer.BadParameter.__base__  # typer does not name it itself
INTERRUPTED = 130  # what typer gives back after Ctrl-C

ReportOption = Annotated[Path | None, typer.Option("--report", help="Write the numbers as JSON.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command line; what the user can put right ends with exit code 2 and no traceback."""
    signal.signal(signal.SIGTERM, _end)
    try:
        code = app(standalone_mode=False) or 0
    except SandsegError as error:
        _refuse(error.message, error.hint)
    except UsageError as error:
        _refuse(error.format_message(), "Add --help to see what can be given.")
    except OSError as error:
        _refuse(str(error), "Check the name, who may write there, and the space left.")
    if code == INTERRUPTED:
        err.print("Stopped; nothing half-written is left.")
    sys.exit(code)


def _end(*_: object) -> None:
    """Leave through all clean-ups, so that nothing half-written stays."""
    sys.exit(143)


def _refuse(message: str, hint: str) -> None:
    err.print(f"error: {_one_line(message)}")
    err.print(f"hint: {_one_line(hint)}")
    sys.exit(2)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A TIFF.")], as_json: JsonOption = False
) -> None:
    """Show what the app understands of a TIFF."""
    with open_stack(file, file.name, LOCAL_LIMITS) as stack:
        facts = _facts(stack)
    if as_json:
        out.print_json(json.dumps(facts))
        return
    n_slices, height, width = facts["shape"]
    voxel = facts["voxel_size_um"]
    table = Table(show_header=False, box=None)
    table.add_row("slices", str(n_slices))
    table.add_row("size", f"{height} × {width} px")
    table.add_row("type", facts["dtype"])
    table.add_row("axes in the file", facts["axes"])
    table.add_row("voxel size", f"{voxel:.4g} µm" if voxel else "unknown")
    table.add_row("compression", facts["compression"])
    if facts["grey_range_middle_slice"]:
        low, high = facts["grey_range_middle_slice"]
        table.add_row("grey values", f"{low:g} to {high:g} (middle slice)")
    for note in facts["notes"]:
        table.add_row("note", note)
    out.print(table)


def _facts(stack: Stack) -> dict:
    """Describe a stack; what would keep it from being segmented stands in the notes."""
    middle = stack.read_slice(stack.n_slices // 2)
    finite = middle[np.isfinite(middle)]
    notes = list(stack.notes)
    try:
        check_values(middle)
    except StackError as error:
        notes.append(f"The middle slice cannot be segmented: {error.message}")
    return {
        "name": stack.name,
        "shape": list(stack.shape),
        "dtype": str(stack.dtype),
        "axes": stack.axes,
        "voxel_size_um": stack.voxel_size_um,
        "compression": stack.compression,
        "grey_range_middle_slice": [float(finite.min()), float(finite.max())]
        if finite.size
        else [],
        "notes": notes,
    }


@app.command()
def segment(
    file: Annotated[Path, typer.Argument(help="A TIFF: one slice or a stack.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The label TIFF to write.")],
    model: Annotated[str, typer.Option(help="A model of `sandseg models`.")] = DEFAULT_MODEL,
    confidence: Annotated[Path | None, typer.Option(help="Confidence TIFF to write.")] = None,
    report: ReportOption = None,
    labels: Annotated[Path | None, typer.Option(help="True labels to compare with.")] = None,
    engine: Annotated[str, typer.Option(help="openvino or keras.")] = "openvino",
    grey: Annotated[str, typer.Option(help="auto, identity, or LOW,HIGH.")] = "auto",
    progress: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Segment a TIFF into a label TIFF."""
    from sandseg.jobs import write_json
    from sandseg.segment import SegmentRequest, segment_file

    request = SegmentRequest(file, output, confidence, report, labels, model, engine, grey)
    with _progress_bar() as bar:
        task = bar.add_task("Segmenting", total=None)

        def on_progress(done) -> None:
            bar.update(task, completed=done.n_done, total=done.n_slices)
            if progress:
                write_json(progress, asdict(done) | {"seconds_left": done.seconds_left})

        found = segment_file(request, on_progress)
    for warning in found["warnings"]:
        err.print(f"warning: {warning}")
    shares = ", ".join(f"{name} {share:.1%}" for name, share in found["phase_fractions"].items())
    out.print(f"{shares}; porosity {found['porosity']:.1%}")
    if "iou" in found:
        _print_scores(found)
    speed = f"{found['megapixels_per_second']:.3g} megapixels/s"
    out.print(f"{speed} with {found['model']} → {output}", soft_wrap=True)


@app.command()
def evaluate(
    predicted: Annotated[Path, typer.Argument(help="Label TIFF to judge.")],
    true: Annotated[Path, typer.Argument(help="Label TIFF to judge by.")],
    report: ReportOption = None,
) -> None:
    """Compare predicted labels with true ones: confusion matrix, IoU, accuracy."""
    names = [material.name for material in SANDSTONE]
    matrix = confusion_matrix(
        read_labels(true, true.name), read_labels(predicted, predicted.name), len(names)
    )
    found = scores(matrix).to_dict(names)
    if report:
        write_text(report, to_json(found))
    _print_scores(found)


@app.command()
def models(as_json: JsonOption = False) -> None:
    """List the models at hand."""
    known = list_models()
    if as_json:
        out.print_json(json.dumps([{**model.card, "name": model.name} for model in known]))
        return
    table = Table(
        "model", "title", "parameters", "classes", "mean IoU on its test slices", box=None
    )
    for model in known:
        test = model.card["scores"].get("test", {}).get("whole slice", {}).get("mean_iou")
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
    from sandseg.export import write_image, write_labels
    from sandseg.phantom import PhantomConfig, make_phantom

    config = PhantomConfig(shape=shape, seed=seed)
    made = make_phantom(config)
    output.mkdir(parents=True, exist_ok=True)
    write_image(output / "image.tif", made.image, config.voxel_size_um)
    write_labels(output / "labels.tif", made.labels, SANDSTONE, config.voxel_size_um)
    out.print(f"{shape[0]} slices of {shape[1]} × {shape[2]} px → {output}")


@app.command()
def train(
    images: Annotated[Path, typer.Argument(help="Folder of slices, or a stack.")],
    labels: Annotated[Path, typer.Argument(help="Their labels: same names, or one stack.")],
    run: Annotated[Path, typer.Option(help="Folder of the run; an interrupted one goes on.")],
    preset_name: Annotated[str, typer.Option("--preset", help=", ".join(PRESETS))] = "compact",
    epochs: Annotated[int | None, typer.Option(help="Instead of the preset's.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps in an epoch.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest rate.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Patches in a step.")] = None,
    loss: Annotated[str | None, typer.Option(help=", ".join(CHOICES["loss"]))] = None,
    split: Annotated[str | None, typer.Option(help="slice, or patch (which leaks).")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and patches.")] = None,
    validate: Annotated[list[str] | None, typer.Option(help="Slice names, repeatable.")] = None,
    test: Annotated[list[str] | None, typer.Option(help="Slice names, repeatable.")] = None,
    title: Annotated[str, typer.Option(help="On the model's card.")] = "Trained U-Net",
) -> None:
    """Train a U-Net on labelled slices; the model ends in RUN/model."""
    given = {
        "epochs": epochs,
        "steps_per_epoch": steps,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "loss": loss,
        "split": split,
        "seed": seed,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    config = replace(preset(preset_name), **changes)
    from sandseg.train_run import RunRequest, run_training  # loads Keras: refuse settings first

    request = RunRequest(
        images,
        labels,
        run,
        config,
        validate=tuple(validate or ()),
        test=tuple(test or ()),
        title=title,
        command=shlex.join(["python", "-m", "sandseg", *sys.argv[1:]]),
    )
    with _progress_bar() as bar:
        task = bar.add_task("Training", total=config.epochs)

        def on_epoch(report) -> None:
            bar.update(task, completed=report.epoch)
            shown = " ".join(f"{value:.3f}" for value in report.iou)
            bar.console.print(
                f"epoch {report.epoch}: loss {report.loss:.4f}, validation IoU {shown}, "
                f"mean {report.mean_iou:.4f}, {report.seconds:.0f} s"
            )

        folder = run_training(request, on_epoch)
    out.print(f"Model → {folder}" if folder else "Stopped; the same command goes on from here.")


def _print_scores(found: dict) -> None:
    table = Table("class", "IoU", "Dice", "precision", "recall", box=None)
    for name in found["iou"]:
        values = [found[score][name] for score in ("iou", "dice", "precision", "recall")]
        table.add_row(name, *("absent" if v is None else f"{v:.4f}" for v in values))
    out.print(table)
    shown = [
        "none" if found[score] is None else f"{found[score]:.4f}"
        for score in ("mean_iou", "accuracy")
    ]
    out.print("mean IoU {}, accuracy {}".format(*shown))


def _progress_bar() -> Progress:
    """Return a bar on stderr that shows itself only to people, not in files."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
