"""What the network will see: patches of the chosen data, cut, flipped and turned as in training."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from pages.cache.rocks import list_samples, open_source, true_labels
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.config import TrainConfig
from sandseg.data.patches import GridPatches, RandomPatches, grid_patches, split_slices
from sandseg.data.sandstone_files import SPLIT
from sandseg.export.pictures import encode_jpeg, encode_palette_png
from sandseg.grey.mapping import GreyMapping
from sandseg.runs.settings import DataSource
from sandseg.scan.formats import open_stack
from sandseg.scan.labels import check_same_shape, read_labels

N_PATCHES = 8
N_SLICES = 6  # that are looked at
BATCH = "preview-batch"


@dataclass(frozen=True)
class Glimpse:
    """What the patches of a training follow from."""

    source: DataSource
    n_classes: int
    counts_from_one: bool
    config: TrainConfig


def show_patches(glimpse: Glimpse, classes: Sequence[SegmentationClass]) -> None:
    """Show patches as the network gets them, above their labels.

    Raises:
        SandsegError: The slices or the labels cannot be learned from.
    """
    batch = st.session_state.get(BATCH, 0)
    pairs = _pictures(_plain(glimpse), tuple(classes), batch)
    figures = "".join(_figure(*pair) for pair in pairs)
    names = "".join(_key(material) for material in classes)
    st.html(f'{_STYLE}<div class="patches">{figures}</div><div class="patch-keys">{names}</div>')
    size = glimpse.config.patch_size
    turned = ", flipped and turned at random" if glimpse.config.augment else ""
    text, button = st.columns([4, 1], vertical_alignment="top")
    text.caption(
        f"What the network gets: patches of {size} × {size} pixels{turned}, and below each the "
        "labels it has to find."
    )
    button.button(
        "Others", icon=":material/refresh:", type="tertiary", on_click=_next_batch, width="stretch"
    )


def _next_batch() -> None:
    st.session_state[BATCH] = st.session_state.get(BATCH, 0) + 1


def _plain(glimpse: Glimpse) -> Glimpse:
    """Leave out of the settings what patches do not depend on: the cache then knows more."""
    config = glimpse.config
    kept = {name: getattr(config, name) for name in ("patch_size", "augment", "seed", "sampling")}
    plain = TrainConfig(unet=config.unet, split=config.split, batch_size=N_PATCHES, **kept)
    return replace(glimpse, config=plain)


@st.cache_data(max_entries=64, show_spinner=False)
def _pictures(
    glimpse: Glimpse, classes: tuple[SegmentationClass, ...], batch: int
) -> list[tuple[str, str]]:
    """Return pairs of data addresses: grey values and labels."""
    images, labels = _slices(glimpse.source, glimpse.n_classes, glimpse.counts_from_one)
    config = glimpse.config
    if config.sampling == "grid" or config.split == "patch":
        cut = [
            np.concatenate([grid_patches(part[None], config.patch_size) for part in parts])
            for parts in (images, labels)
        ]
        source = GridPatches(*cut, config)
    else:
        source = RandomPatches(images, labels, config)
    greys, found = source.batch(0, batch % source.n_steps)
    pictures = np.round(greys[..., 0] * 255).astype(np.uint8)
    return [
        (
            _address(encode_jpeg(np.ascontiguousarray(grey)), "jpeg"),
            _address(encode_palette_png(np.ascontiguousarray(part), classes), "png"),
        )
        for grey, part in zip(pictures, found, strict=True)
    ]


@st.cache_resource(max_entries=4, show_spinner=False)
def _slices(
    source: DataSource, n_classes: int, counts_from_one: bool
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Read a few slices to learn from: (Y, X) float32 in [0, 1] and (Y, X) uint8 labels."""
    read = _read_files if source.kind == "files" else _read_sample
    greys, labels = zip(*read(source, n_classes, counts_from_one), strict=True)
    if all(grey.dtype == np.uint8 for grey in greys):
        mapping = GreyMapping(0.0, 255.0)
    else:
        low, high = min(grey.min() for grey in greys), max(grey.max() for grey in greys)
        mapping = GreyMapping(float(low), float(high), "matched")
    return [mapping.apply(grey) for grey in greys], list(labels)


def _read_sample(
    source: DataSource, _n_classes: int, _counts_from_one: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    stack, labels = open_source(source.kind), true_labels(source.kind)
    numbers = next((s.numbers for s in list_samples() if s.key == source.kind), ())
    learned = [z for z, number in enumerate(numbers) if number in SPLIT["train"]]
    chosen = _spread(learned or split_slices(stack.n_slices).train)
    return [(stack.read_slice(z), np.asarray(labels[z])) for z in chosen]


def _read_files(
    source: DataSource, n_classes: int, counts_from_one: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    images, labels = Path(source.images), Path(source.labels)
    if labels.is_dir():
        pairs = [(images / path.name, path) for path in _spread(sorted(labels.iterdir()))]
    else:
        pairs = [(images, labels)]
    found = []
    for image_path, label_path in pairs:
        true = read_labels(label_path, label_path.name, n_classes + counts_from_one)
        if counts_from_one:
            true = np.where(true == IGNORED, true, true - np.uint8(1))  # 0 - 1 is 255
        with open_stack(image_path, image_path.name) as stack:
            check_same_shape(stack, true)
            found += [(stack.read_slice(z), true[z]) for z in _spread(range(stack.n_slices))]
    return found


def _spread(positions: Sequence) -> list:
    """Take a few of many, evenly."""
    step = max(-(-len(positions) // N_SLICES), 1)
    return list(positions)[::step]


def _address(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _figure(grey: str, labels: str) -> str:
    return f'<figure><img src="{grey}" alt="A patch"><img src="{labels}" alt="Its labels"></figure>'


def _key(material: SegmentationClass) -> str:
    return f'<span><i style="background:{material.color}"></i>{escape(material.name)}</span>'


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
