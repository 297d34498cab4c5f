"""The command line's way to take over a network from elsewhere, and to see at once if it works."""

from pathlib import Path
from typing import Annotated

import typer

from sandseg.atomic import write_bytes
from sandseg.cli.class_list import read_classes
from sandseg.cli.console import err, out
from sandseg.errors import ConfigError
from sandseg.model.foreign import Known
from sandseg.model.import_apart import import_apart
from sandseg.model.store import DEFAULT_MODEL, StoredModel, load_model, models_folder
from sandseg.runs.folder import SAFE_NAME

TRIAL = "trial.png"

adding = typer.Typer(rich_markup_mode=None)  # its command stands beside the others


@adding.command()
def add_model(
    file: Annotated[Path, typer.Argument(help=".keras, or .h5 / .hdf5 of Keras 2.")],
    name: Annotated[str, typer.Option(help="The model's folder in models/.")],
    title: Annotated[str, typer.Option(help="On the card; the file's name by default.")] = "",
    like: Annotated[
        str, typer.Option(help="Model whose grey scale and classes it shares.")
    ] = DEFAULT_MODEL,
    input_scaling: Annotated[
        str,
        typer.Option(
            help="How its images were scaled: 0-1, 0-255, z-score, or row-norm "
            "(keras.utils.normalize with axis=1). A network with a scaling layer takes 0-255."
        ),
    ] = "0-1",
    classes: Annotated[
        Path | None, typer.Option(help="JSON list of {name, color} for each class.")
    ] = None,
    pore: Annotated[
        list[str] | None, typer.Option(help="Class that is pore, by name or number; repeatable.")
    ] = None,
    trial: Annotated[
        Path | None, typer.Option(help="Scan to try it on; the built-in rock by default.")
    ] = None,
) -> None:
    """Take over a network that was trained elsewhere in Keras; loaded in a confined process."""
    if not SAFE_NAME.fullmatch(name):
        raise ConfigError(
            f'"{name}" is no name for a model.',
            hint="Use letters, digits, dots, hyphens and underscores; begin with a letter.",
        )
    described = read_classes(classes) if classes else ()
    folder, shared = models_folder() / name, load_model(like)
    known = Known(title, input_scaling, tuple(described), tuple(pore or ()))
    found = import_apart(file, folder, shared, known)
    out.print(
        f"{found.n_parameters:,} weights, {len(found.classes)} classes, input in multiples of "
        f"{found.stride} px, ends with {found.ends_with} → {folder}",
        soft_wrap=True,
    )
    if not described and [c.name for c in found.classes] == [c.name for c in shared.classes]:
        names = ", ".join(material.name for material in found.classes)
        _warn(f"its classes are taken to be {names}, as those of {like}. Name others by --classes.")
    if not any(material.is_pore for material in found.classes):
        _warn("no class is marked as pore, so no porosity is given. Mark one by --pore NAME.")
    _try_out(load_model(name), trial)


def _try_out(model: StoredModel, scan: Path | None) -> None:
    """Segment a slice, keep its picture and say what it is made of."""
    from sandseg.data.samples import open_sample
    from sandseg.export.pictures import encode_png
    from sandseg.predict.trial import try_model
    from sandseg.scan.formats import open_stack
    from sandseg.scan.limits import LOCAL_LIMITS, from_settings

    limits = from_settings(LOCAL_LIMITS)
    stack = open_stack(scan, scan.name, limits) if scan else open_sample("phantom")
    with stack:
        z = stack.n_slices // 2
        tried = try_model(model, stack, z)
    write_bytes(model.folder / TRIAL, encode_png(tried.picture))
    shares = ", ".join(
        f"{material.name} {share:.1%}"
        for material, share in zip(model.classes, tried.found.picture_fractions, strict=True)
    )
    out.print(
        f"Tried on slice {z + 1} of {stack.name}: {shares} of the picture, mean confidence "
        f"{tried.confidence:.2f} → {model.folder / TRIAL}",
        soft_wrap=True,
    )
    out.print("Look at that picture. Nonsense often means another --input-scaling.")


def _warn(text: str) -> None:
    err.print(f"warning: {text}", soft_wrap=True)
