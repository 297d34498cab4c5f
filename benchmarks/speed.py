"""How fast a slice is segmented, beside the network of the notebook this app descends from.

    PYTHONPATH=. .venv/bin/python benchmarks/speed.py

One run, one slice (1024 × 996, synthetic), models loaded: the shipped model through OpenVINO, and
the `seed` preset (31 million parameters, any weights) through Keras and TensorFlow in 32 bits.
Both go through the same grey mapping, tiling and argmax. Minimum and median of several turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from sandseg.classes import SANDSTONE
from sandseg.config import preset
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.export.tiff import write_image
from sandseg.grey.mapping import GreyMapping
from sandseg.model.engine import PredictBatch, load_engine, n_cores
from sandseg.model.store import load_model
from sandseg.predict.slices import Predictor

SHAPE = (1024, 996)
N_FAST, N_SLOW, N_COLD = 9, 2, 3


def seed_network() -> tuple[PredictBatch, int]:
    """Return the ancestor's network with random weights, and its stride."""
    import keras

    from sandseg.model.unet import build_unet

    network = build_unet(preset("seed").unet)
    apply = network
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        apply = tf.function(lambda tiles: network(tiles, training=False))
    return (
        lambda tiles: keras.ops.convert_to_numpy(keras.ops.softmax(apply(tiles))),
        preset("seed").unet.stride,
    )


def timed(image: np.ndarray, predict_batch: PredictBatch, stride: int, n_turns: int) -> list[float]:
    """Return the seconds of each turn, after one that is not counted."""
    predictor = Predictor(predict_batch, stride, SANDSTONE, GreyMapping(0, 255))
    seconds = []
    for _ in range(n_turns + 1):
        start = time.perf_counter()
        predictor.predict(image)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def cold_command(image: np.ndarray) -> list[float]:
    """Return the wall seconds of `python -m sandseg segment` for one slice, start to end."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        source, labels = Path(folder) / "slice.tif", Path(folder) / "labels.tif"
        write_image(source, image[None])
        for _ in range(N_COLD):
            start = time.perf_counter()
            command = [sys.executable, "-m", "sandseg", "segment", str(source), "-o", str(labels)]
            subprocess.run(command, check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
    return seconds


def report(name: str, seconds: list[float]) -> None:
    """Print minimum and median."""
    megapixels = SHAPE[0] * SHAPE[1] / 1e6
    low, middle = min(seconds), statistics.median(seconds)
    print(
        f"{name:34s} min {low:7.3f} s, median {middle:7.3f} s, {megapixels / middle:6.2f} Mpx/s",
        flush=True,
    )


def main() -> None:
    """Time everything and print the ratio."""
    image = make_phantom(PhantomConfig(shape=(1, *SHAPE))).image[0]
    model = load_model()
    print(f"{n_cores()} cores, one slice of {SHAPE[0]} × {SHAPE[1]} px")
    fast = timed(image, load_engine(model), model.unet.stride, N_FAST)
    report(f"{model.name} (OpenVINO)", fast)
    report("command line, cold, one slice", cold_command(image))
    slow = timed(image, *seed_network(), N_SLOW)
    report("seed preset (Keras, float32)", slow)
    fast_after = timed(image, load_engine(model), model.unet.stride, N_FAST)
    report(f"{model.name}, again after it", fast_after)
    ratio = statistics.median(slow) / statistics.median(fast + fast_after)
    print(f"{model.name} is {ratio:.0f} times as fast as the seed preset")


if __name__ == "__main__":
    main()
