"""A network ready to train: precision, optimizer, schedule, and what a step takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np

from sandseg.config import TrainConfig
from sandseg.errors import TrainingError
from sandseg.model.unet import build_unet
from sandseg.train.losses import SegmentationLoss

GRADIENT_NORM = 1.0  # longer gradients are shortened to this


class OneRateAdamW(keras.optimizers.AdamW):
    """AdamW that asks its schedule once in a step, where Keras asks again for every weight.

    The numbers are the same, but there is a third less to trace before the first step.
    """

    _rate = None

    @property
    def learning_rate(self) -> keras.KerasTensor:
        """That of this step."""
        return super().learning_rate if self._rate is None else self._rate

    def apply(self, grads: list, trainable_variables: list | None = None) -> None:
        """Change the weights by their gradients."""
        self._rate = self.learning_rate
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._rate = None


def new_network(config: TrainConfig, n_steps: int, keeps_statistics: bool = False) -> keras.Model:
    """Build and compile; the global precision is left as it was found."""
    keras.utils.set_random_seed(config.seed)
    before = keras.mixed_precision.dtype_policy()
    if config.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        network = build_unet(config.unet, keeps_statistics)
        _compile(network, config, n_steps)
    finally:
        keras.mixed_precision.set_global_policy(before)
    return network


def _compile(model: keras.Model, config: TrainConfig, n_steps: int) -> None:
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            decay_steps=max(config.epochs * n_steps - config.warmup_steps, 1),
            warmup_target=config.learning_rate,
            warmup_steps=config.warmup_steps,
        )
    else:
        rate = config.learning_rate
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate)
    else:
        optimizer = OneRateAdamW(
            rate, weight_decay=config.weight_decay, global_clipnorm=GRADIENT_NORM
        )
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, SegmentationLoss(config.loss, config.unet.n_classes))


def share_evenly(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Repeat patches of a batch until the devices that share it get as many each."""
    distribution = keras.distribution.distribution()
    n_devices = distribution.device_mesh.devices.size if distribution else 1
    n_patches = -(-len(images) // n_devices) * n_devices
    index = np.arange(n_patches) % len(images)
    return (images, labels) if n_patches == len(images) else (images[index], labels[index])


def measure_step(config: TrainConfig, n_steps: int = 2) -> tuple[float, int]:
    """Train a few steps on noise, after one that warms up.

    Returns:
        Seconds a step takes, and the number of parameters.
    """
    network = new_network(config, n_steps)
    rng = np.random.default_rng(0)
    shape = (config.batch_size, config.patch_size, config.patch_size)
    images = rng.random((*shape, 1), dtype=np.float32)
    labels = rng.integers(0, max(config.unet.n_classes, 2), shape).astype(np.uint8)
    seconds = []
    for _ in range(1 + n_steps):
        start = time.perf_counter()
        network.train_on_batch(*share_evenly(images, labels))
        seconds.append(time.perf_counter() - start)
    return float(np.mean(seconds[1:])), network.count_params()


@contextmanager
def memory_errors(config: TrainConfig) -> Iterator[None]:
    """Say which batch size fits when a step does not fit into the memory of the device."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        fits = _fitting_batch_size(config)
        raise TrainingError(
            f"A batch of {config.batch_size} patches of {config.patch_size} px does not fit into "
            "the memory of the device.",
            hint=f"Choose a batch size of {fits}: a measured step of it fits."
            if fits
            else "Choose a smaller patch or a smaller network: not even one patch fits.",
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Recognize a full memory, which each backend reports in its own way."""
    kind, text = type(error).__name__, str(error)
    return (
        isinstance(error, MemoryError)
        or kind in ("ResourceExhaustedError", "OutOfMemoryError")
        or "RESOURCE_EXHAUSTED" in text
        or "out of memory" in text.lower()
    )


def _fitting_batch_size(config: TrainConfig) -> int:
    """Halve the batch until a step fits; 0 when none does."""
    batch_size = config.batch_size // 2
    while batch_size:
        try:
            measure_step(replace(config, batch_size=batch_size), n_steps=1)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            batch_size //= 2
        else:
            break
    return batch_size
