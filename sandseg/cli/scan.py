"""The command line's simulated scanner: labels to a scan of them, with the artefacts one wants."""

from pathlib import Path
from typing import Annotated

import typer

from sandseg.cli.console import out, progress_bar
from sandseg.data.scanner import SANDSTONE_TONES, ScannerConfig, scan_slices
from sandseg.errors import ConfigError
from sandseg.scan.labels.read import read_labels

scanning = typer.Typer(rich_markup_mode=None)  # its command stands beside the others


@scanning.command()
def scan(
    labels: Annotated[Path, typer.Argument(help="Label TIFF of the rock.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The scan to write, a TIFF.")],
    tones: Annotated[
        str, typer.Option(help="Attenuation of each class, 0 is shown black and 1 white.")
    ] = ",".join(map(str, SANDSTONE_TONES)),
    grain_spread: Annotated[float, typer.Option(help="How much grains of a class differ.")] = 0.03,
    opacity: Annotated[float, typer.Option(help="Attenuation across a slice of tone 1.")] = 1.5,
    angles: Annotated[int, typer.Option(help="Projections over half a turn.")] = 360,
    missing_angles: Annotated[float, typer.Option(help="Degrees that are not seen.")] = 0.0,
    photons: Annotated[float, typer.Option(help="A detector pixel counts; 0: no noise.")] = 50_000,
    blur: Annotated[float, typer.Option(help="Of spot and detector, in pixels.")] = 0.8,
    hardening: Annotated[float, typer.Option(help="Beam hardening, 0 to 0.5.")] = 0.05,
    edges: Annotated[float, typer.Option(help="Edge enhancement, in px².")] = 0.0,
    rings: Annotated[float, typer.Option(help="Errors of detector pixels, 0 to 0.2.")] = 0.0,
    surround: Annotated[str, typer.Option(help="air, or rock that goes on outside.")] = "air",
    paint: Annotated[
        float | None, typer.Option(help="Paint outside the field of view, 0 black to 1 white.")
    ] = None,
    bits: Annotated[int, typer.Option(help="8 or 16.")] = 8,
    voxel_size: Annotated[float | None, typer.Option(help="Edge of a voxel in µm.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another noise.")] = 0,
) -> None:
    """Scan labels with a simulated X-ray scanner: blur, noise, rings, beam hardening, streaks."""
    from sandseg.export.tiff import image_writer

    config = ScannerConfig(
        tones=_numbers(tones),
        grain_spread=grain_spread,
        opacity=opacity,
        n_angles=angles,
        missing_angles=missing_angles,
        photons=photons,
        blur=blur,
        hardening=hardening,
        edges=edges,
        rings=rings,
        surround=surround,
        paint=paint,
        bits=bits,
        seed=seed,
    )
    rock = read_labels(labels, labels.name, max(len(config.tones), 2))
    with image_writer(output, voxel_size) as pages, progress_bar() as bar:
        task = bar.add_task("Scanning", total=len(rock))
        for grey in scan_slices(rock, config):
            pages.write(grey)
            bar.advance(task)
        pages.finish()
    out.print(f"{len(rock)} slices of {rock.shape[1]} × {rock.shape[2]} px → {output}")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(
            f'"{text}" names no attenuations.', hint="Write one for each class, as in 0,0.3,0.5,1."
        ) from error
