"""The command line's training: a run folder from files, or one that a page has made."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sandseg.atomic import read_entries
from sandseg.cli.class_list import read_classes
from sandseg.cli.console import out, progress_bar
from sandseg.config import CHOICES, PRESETS, TrainConfig, fit_patches, preset
from sandseg.data.labelled import shortest_side
from sandseg.errors import ConfigError
from sandseg.model.store import CARD
from sandseg.runs.folder import PAUSE, STOP
from sandseg.runs.queue import advance_queue
from sandseg.runs.settings import DataSource, RunSettings, settings_from
from sandseg.scan.labels.slices import parse_label_slices

_N_SHOWN = 12  # names in a line
_FEW_SLICES = 5  # of so few, each one that is not learned from counts

training = typer.Typer(rich_markup_mode=None)  # its commands stand beside the others


@training.command()
def train(
    images: Annotated[Path | None, typer.Argument(help="Folder of slices, or a stack.")] = None,
    labels: Annotated[
        Path | None, typer.Argument(help="Their labels: same names, or one stack.")
    ] = None,
    run: Annotated[Path, typer.Option(help="Folder of the run; an interrupted one goes on.")] = ...,
    preset_name: Annotated[str, typer.Option("--preset", help=", ".join(PRESETS))] = "compact",
    epochs: Annotated[int | None, typer.Option(help="Instead of the preset's.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps in an epoch.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest rate.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Patches in a step.")] = None,
    patch_size: Annotated[
        int | None,
        typer.Option(help="Edge of a patch in pixels; smaller by itself where slices are."),
    ] = None,
    loss: Annotated[str | None, typer.Option(help=", ".join(CHOICES["loss"]))] = None,
    split: Annotated[str | None, typer.Option(help="slice, or patch (which leaks).")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and patches.")] = None,
    bfloat16: Annotated[
        bool | None, typer.Option("--bfloat16", help="Faster where the device has it.")
    ] = None,
    label_slices: Annotated[
        str, typer.Option(help="Slices of a stack that have labels, from 1, as in 3,7,12.")
    ] = "",
    validate: Annotated[list[str] | None, typer.Option(help="Slice names, repeatable.")] = None,
    test: Annotated[list[str] | None, typer.Option(help="Slice names, repeatable.")] = None,
    title: Annotated[str, typer.Option(help="On the model's card.")] = "Trained U-Net",
    start_from: Annotated[
        str, typer.Option("--from", help="Model whose weights to begin with.")
    ] = "",
    classes: Annotated[
        Path | None, typer.Option(help="JSON list of {name, color} for each class.")
    ] = None,
    strokes: Annotated[
        bool,
        typer.Option("--strokes", help="LABELS are strokes as for teach: some are held back."),
    ] = False,
    accepted: Annotated[
        Path | None,
        typer.Option(help="Beside strokes: a TIFF of slices labelled as a whole, 0 elsewhere."),
    ] = None,
    queued: Annotated[bool, typer.Option("--queued", hidden=True)] = False,
    estimate: Annotated[bool, typer.Option("--estimate", hidden=True)] = False,
) -> None:
    """Train a U-Net on labelled slices; the model ends in RUN/model.

    Without IMAGES and LABELS, the folder's own config.json says what to train.
    """
    if images is not None and labels is None:
        raise ConfigError("The labels of the images are not named.", hint="Give IMAGES and LABELS.")
    if accepted and not strokes:
        raise ConfigError(
            "Accepted slices are named, but the labels are no strokes.",
            hint="Add --strokes, or give all labelled slices as LABELS.",
        )
    if images is None:
        settings = settings_from(run)
    else:
        given = {
            "epochs": epochs,
            "steps_per_epoch": steps,
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "patch_size": patch_size,
            "loss": loss,
            "split": split,
            "seed": seed,
            "mixed_precision": bfloat16,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        described = read_classes(classes) if classes else ()
        places = parse_label_slices(label_slices)
        settings = RunSettings(
            source=DataSource(
                "strokes" if strokes else "files",
                images=str(images),
                labels=str(labels),
                label_slices=places,
                accepted=str(accepted or ""),
            ),
            config=_recipe(preset_name, images, changes, len(described)),
            title=title,
            validate=tuple(validate or ()),
            test=tuple(test or ()),
            classes=described,
            start_from=start_from,
        )
    if estimate:
        from sandseg.train.run import prepare_backend, run_estimate

        prepare_backend()
        run_estimate(run)
        return
    if not queued:  # asked for by name: what it was asked before is over
        for request in (STOP, PAUSE):
            (run / request).unlink(missing_ok=True)
    try:
        _run(run, settings)
    finally:
        if queued:  # nobody may be looking at the runs, overnight
            advance_queue(ended=run.absolute())


def _recipe(name: str, images: Path, changes: dict, n_classes: int) -> TrainConfig:
    """Return a preset as it is changed; patches fit the slices where nobody says how large."""
    recipe = preset(name)
    if "patch_size" not in changes:
        recipe = fit_patches(recipe, shortest_side(images))
    config = replace(recipe, **changes)
    return replace(config, unet=replace(config.unet, n_classes=n_classes)) if n_classes else config


def _run(folder: Path, settings: RunSettings) -> None:
    from sandseg.train.run import prepare_backend, run_training  # loads Keras: settings first

    prepare_backend()
    command = shlex.join(["python", "-m", "sandseg", *sys.argv[1:]])
    with progress_bar() as bar:
        task = bar.add_task("Training", total=settings.config.epochs)

        def on_epoch(report) -> None:
            bar.update(task, completed=report.epoch)
            shown = " ".join(f"{value:.3f}" for value in report.iou)
            bar.console.print(
                f"epoch {report.epoch}: loss {report.loss:.4f}, validation IoU {shown}, "
                f"mean {report.mean_iou:.4f}, {report.seconds:.0f} s"
            )

        def on_start(data) -> None:
            for line in _split_in_words(data.split, bool(settings.validate or settings.test)):
                bar.console.print(line, soft_wrap=True)
            for warning in data.warnings:
                bar.console.print(f"warning: {warning}", soft_wrap=True)

        model = run_training(folder, settings, command, on_epoch, on_start)
    if not model:
        out.print("Stopped; the same command goes on from here.")
        return
    beside = read_entries(model / CARD).get("against_taught", {})
    if beside:
        out.print(beside.get("meaning", beside.get("missing")), soft_wrap=True)
    out.print(f"Model → {model}")


def _split_in_words(split: dict[str, list[str]], is_chosen: bool) -> list[str]:
    """Say which slices are learned from, which validate and which test the model."""
    lines = []
    for part, names in split.items():
        shown = ", ".join(names[:_N_SHOWN]) + (", …" if len(names) > _N_SHOWN else "")
        lines.append(f"{part}: {len(names)} ({shown})" if names else f"{part}: none")
    if not is_chosen and sum(map(len, split.values())) <= _FEW_SLICES:
        lines.append("These were chosen for you; choose others by --validate NAME and --test NAME.")
    return lines
