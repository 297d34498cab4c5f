"""What the network will see: the first patches of the training that the settings would begin."""

import base64
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from pages.cache.rocks import open_source, true_labels
from pages.cache.store import kept
from pages.training.data import PHANTOM
from pages.words.numbers import as_html
from sandseg.classes import SegmentationClass
from sandseg.config import TrainConfig
from sandseg.data.labelled import (
    LabelledSlices,
    PreparedData,
    labelled_stack,
    open_labelled,
    prepare,
)
from sandseg.export.pictures import encode_jpeg, encode_palette_png
from sandseg.runs.settings import RunSettings
from sandseg.runs.sources import locate

N_PATCHES = 8
TURN = "preview-turn"
# What patches follow from. A picture is made once for all settings that differ in other things.
_OF_PATCHES = ("unet", "patch_size", "batch_size", "steps_per_epoch")
_OF_PATCHES += ("sampling", "augment", "split", "seed")


def show_patches(settings: RunSettings) -> None:
    """Show patches as the network gets them, above their labels.

    Raises:
        SandsegError: The slices or the labels cannot be learned from.
    """
    turn = st.session_state.get(TURN, 0)
    figures = "".join(_figure(*pair) for pair in _pictures(_without_the_rest(settings), turn))
    names = "".join(_key(material) for material in settings.all_classes)
    st.html(f'{_STYLE}<div class="patches">{figures}</div><div class="patch-keys">{names}</div>')
    size = settings.config.patch_size
    turned = ", flipped and turned at random" if settings.config.augment else ""
    text, button = st.columns([4, 1], vertical_alignment="top")
    text.caption(
        f"What the network gets: patches of {size} × {size} pixels{turned}, and below each the "
        "labels it has to find."
    )
    button.button(
        "Others", icon=":material/refresh:", type="tertiary", on_click=_next_turn, width="stretch"
    )


def first_patches(settings: RunSettings, turn: int) -> tuple[np.ndarray, np.ndarray]:
    """Return patches of the first epoch as the training gets them, from the first batch on.

    Args:
        settings: Of the training.
        turn: Each gives the patches of the next batches.

    Returns:
        (N, S, S, 1) float32 images in [0, 1] and (N, S, S) uint8 labels.

    Raises:
        SandsegError: The slices or the labels cannot be learned from.
    """
    patches = prepared(settings).patches
    n_steps = min(math.ceil(N_PATCHES / settings.config.batch_size), patches.n_steps)
    steps = [(turn * n_steps + step) % patches.n_steps for step in range(n_steps)]
    batches = [patches.batch(0, step) for step in steps]
    images, labels = (np.concatenate(part)[:N_PATCHES] for part in zip(*batches, strict=True))
    return images, labels


def _next_turn() -> None:
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _without_the_rest(settings: RunSettings) -> RunSettings:
    """Leave out of the settings what patches do not follow from."""
    config = TrainConfig(**{name: getattr(settings.config, name) for name in _OF_PATCHES})
    return replace(settings, config=config, title="", start_from="")


@kept()
def _pictures(settings: RunSettings, turn: int) -> list[tuple[str, str]]:
    """Return pairs of data addresses: grey values and labels."""
    images, labels = first_patches(settings, turn)
    greys = np.round(images[..., 0] * 255).astype(np.uint8)
    return [
        (
            _address(encode_jpeg(np.ascontiguousarray(grey)), "jpeg"),
            _address(encode_palette_png(np.ascontiguousarray(part), settings.all_classes), "png"),
        )
        for grey, part in zip(greys, labels, strict=True)
    ]


def prepared(settings: RunSettings) -> PreparedData:
    """Prepare what the training would; the sample called phantom is the one it makes for itself."""
    slices = _slices(settings)
    if settings.source.kind == PHANTOM:
        return prepare(slices, settings.config, settings.validate, settings.test)
    place = locate(settings, Path())
    return prepare(slices, settings.config, place.validate, place.test)


def labelled_names(settings: RunSettings) -> tuple[str, ...]:
    """Return how the slices are called that have labels.

    Raises:
        SandsegError: They cannot be read.
    """
    return _slices(settings).names


def _slices(settings: RunSettings) -> LabelledSlices:
    if settings.source.kind == PHANTOM:
        labels = np.stack([*true_labels(PHANTOM).slices()])
        return labelled_stack(open_source(PHANTOM), labels, "image")
    place = locate(settings, Path())
    files, n_classes = (str(place.images), str(place.labels)), settings.config.unet.n_classes
    return _open(*files, n_classes, settings.source.label_slices)


@kept()
def _open(
    images: str, labels: str, n_classes: int, label_slices: tuple[int, ...]
) -> LabelledSlices:
    """Open what the training reads; of its images, only those that are looked at are read."""
    return open_labelled(Path(images), Path(labels), n_classes, label_slices)


def _address(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _figure(grey: str, labels: str) -> str:
    return f'<figure><img src="{grey}" alt="A patch"><img src="{labels}" alt="Its labels"></figure>'


def _key(material: SegmentationClass) -> str:
    return f'<span><i style="background:{material.color}"></i>{as_html(material.name)}</span>'


_STYLE = """<style>
.patches { display: grid; grid-template-columns: repeat(4, 1fr); gap: 14px 10px; }
.patches figure { margin: 0; display: grid; gap: 3px; }
.patches img { display: block; width: 100%; aspect-ratio: 1; border-radius: 3px;
  image-rendering: pixelated; background: #0d0c0b; }
.patch-keys { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 12px; }
.patch-keys span { display: inline-flex; align-items: center; gap: 7px; }
.patch-keys i { width: 13px; height: 13px; border-radius: 3px;
  box-shadow: 0 0 0 1px rgb(128 128 128 / 40%); }
@media (max-width: 640px) { .patches figure:nth-child(n + 5) { display: none; } }
</style>"""
