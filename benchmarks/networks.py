"""What a U-Net of another shape would cost: parameters, a training step, a slice.

    PYTHONPATH=. .venv/bin/python benchmarks/networks.py

Random weights, 32-bit numbers. A step is 16 patches of 128²; a slice is 1024 × 996, through
OpenVINO, padded to the network's stride. Minima over several turns.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from sandseg.classes import SANDSTONE
from sandseg.config import UNetConfig
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model
from sandseg.model.unet import build_unet
from sandseg.model.write_model import publish_model
from sandseg.predict.tiling import predict_tiled
from sandseg.train.losses import SegmentationLoss

SHAPES = (
    UNetConfig((16, 32, 64, 128, 256), stem="full"),
    UNetConfig((32, 64, 128, 256)),
    UNetConfig((24, 48, 96, 192)),
    UNetConfig((32, 48, 64, 96, 128)),
)


def fastest(call: Callable[[], object], n_turns: int = 5) -> float:
    """Return the seconds of the fastest turn, after one that is not counted."""
    seconds = []
    for _ in range(n_turns + 1):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def step_seconds(network: keras.Model, rng: np.random.Generator) -> float:
    """Return the seconds of one training step."""
    network.compile(keras.optimizers.AdamW(1e-3), SegmentationLoss())
    images = rng.random((16, 128, 128, 1), np.float32)
    labels = rng.integers(0, 4, (16, 128, 128), np.uint8)
    return fastest(lambda: network.train_on_batch(images, labels))


def slice_seconds(network: keras.Model, config: UNetConfig, image: np.ndarray) -> float:
    """Return the seconds of one slice through OpenVINO."""
    card = {"title": "", "architecture": vars(config), "intensity": {"histogram": [1.0] * 256}}
    with tempfile.TemporaryDirectory() as folder:
        publish_model(network, Path(folder) / "timed", card, SANDSTONE)
        engine = load_engine(load_model("timed", Path(folder)))
        return fastest(lambda: predict_tiled(image, engine, stride=config.stride))


def main() -> None:
    """Print a line for each shape."""
    rng = np.random.default_rng(0)
    image = rng.random((1024, 996), np.float32)
    for config in SHAPES:
        network = build_unet(config)
        on_slice = slice_seconds(network, config, image)
        print(
            f"{config.filters!s:26s} {config.stem:8s} {network.count_params():10,d} parameters, "
            f"step {step_seconds(network, rng):.2f} s, slice {on_slice:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
