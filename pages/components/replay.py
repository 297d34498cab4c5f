"""A training to look at, live or again: the same place after each epoch, and the curves."""

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.session import address
from sandseg.classes import SegmentationClass
from sandseg.runs.folder import RunSamples

EPOCH = "epoch"  # stands in the address
MOST_PICTURES = 64  # that travel; of a longer training every second, third, … epoch is drawn
WAITING = "What the network makes of this place is drawn after its first epoch."
_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "sandseg_replay",
    html='<div class="replay"></div>\n',
    css=(_HERE / "replay.css").read_text("utf-8"),
    js=(_HERE / "replay.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class Replay:
    """What is known of a training. `history` has a record for each complete epoch."""

    classes: Sequence[SegmentationClass]
    history: Sequence[dict]
    n_epochs: int
    samples: RunSamples


def pack(key: str, replay: Replay, asked: int) -> bytes:
    """Return a training as the browser takes it: length of the header, header (JSON), pictures.

    Args:
        key: Name of the training; what the visitor looks at is kept under it.
        replay: The training.
        asked: The epoch an address asks for; 0 is the newest.
    """
    samples = replay.samples
    epochs = _spread([found for found in samples.epochs if found[0] <= len(replay.history)])
    paths = [path for path in (samples.image, samples.truth) if path]
    blobs = [path.read_bytes() for path in [*paths, *(path for _, path in epochs)]]
    header = {
        "key": key,
        "asked": asked,
        "nEpochs": replay.n_epochs,
        "best": _best(replay.history),
        "epochs": [_record(record) for record in replay.history],
        "classes": [{"name": c.name, "color": c.color} for c in replay.classes],
        "image": samples.image is not None,
        "truth": samples.truth is not None,
        "pictures": [epoch for epoch, _ in epochs],
        "sizes": [len(blob) for blob in blobs],
        "waiting": WAITING,
    }
    head = json.dumps(header).encode()
    return b"".join([struct.pack("<I", len(head)), head, *blobs])


def asked_epoch() -> int:
    """Return the epoch the address asks for, 0 without one."""
    says = address.read(EPOCH)
    if says is not None:
        text = says[-1] if says else ""
        st.session_state[EPOCH] = int(text) if text.isdecimal() and len(text) < 6 else 0
    return st.session_state.get(EPOCH, 0)


def forget_epoch() -> None:
    """Look at the newest epoch of another training."""
    st.session_state[EPOCH] = 0


def show_replay(key: str, packed: bytes) -> None:
    """Show what `pack` made; the epoch the visitor stops at comes into the address."""
    result = _mount(key=key, data=packed, on_epoch_change=lambda: None)
    epoch = result.get(EPOCH)
    if isinstance(epoch, int):
        address.write(EPOCH, [str(epoch)] if epoch > 0 else [])


def _spread(found: Sequence[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """Leave out epochs evenly where there are too many; the last one stays."""
    step = math.ceil(len(found) / MOST_PICTURES)
    return list(found)[::-1][:: max(step, 1)][::-1]


def _record(record: dict) -> dict:
    return {
        "loss": _finite(record.get("loss")),
        "validationLoss": _finite(record.get("validation_loss")),
        "iou": [_finite(value) for value in record.get("iou", ())],
        "meanIou": _finite(record.get("mean_iou")),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _best(history: Sequence[dict]) -> int:
    scored = [(r["mean_iou"], -r["epoch"]) for r in history if _finite(r.get("mean_iou"))]
    return -max(scored)[1] if scored else 0
