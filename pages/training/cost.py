"""What a training will take on this machine: weights, processor, time."""

import math

import streamlit as st

from pages.panels.refusals import show_refusal
from pages.training.access import attempt, may_start, who
from pages.words.numbers import plain
from pages.words.trainings import duration
from sandseg.config import PRESETS, TrainConfig, n_parameters
from sandseg.errors import SandsegError
from sandseg.runs import estimates
from sandseg.runs.devices import Device, training_device
from sandseg.runs.settings import RunSettings

POLL_S = 2.0
LEARNED_SHARE = 0.64  # of all slices or patches
GIB = 2**30


def show_cost(settings: RunSettings, shape: tuple[int, int, int], is_busy: bool) -> None:
    """Say what a training takes; where nobody measured it yet, a measurement is begun.

    Args:
        settings: Of the training.
        shape: (Z, Y, X) of the slices.
        is_busy: Whether a training is at work, so that a measurement would be wrong and in its way.
    """
    found = estimates.read_estimate(settings)
    can_measure = may_start() and not is_busy
    if found is None and can_measure and _is_usual(settings.config):
        estimates.start_estimate(settings, who())
    is_measuring = found is None and can_measure and _is_asked(settings)
    watch = st.fragment(_show, run_every=POLL_S if is_measuring else None)
    watch(settings, shape, is_measuring, can_measure)


def n_steps(config: TrainConfig, shape: tuple[int, int, int]) -> int:
    """Return about how many steps an epoch has, over slices of this shape."""
    if config.sampling != "grid" and config.split != "patch":
        return config.steps_per_epoch
    n_slices, height, width = shape
    n_patches = n_slices * (height // config.patch_size) * (width // config.patch_size)
    return max(math.ceil(LEARNED_SHARE * n_patches / config.batch_size), 1)


def _show(
    settings: RunSettings, shape: tuple[int, int, int], is_measuring: bool, can_measure: bool
) -> None:
    found = estimates.read_estimate(settings)
    if found is not None and found.message:
        show_refusal(SandsegError(found.message, found.hint))
    elif found is not None:
        st.markdown(_time_text(settings.config, shape, found.seconds_per_step))
    elif is_measuring:
        st.markdown(":material/timer: Measuring two steps to tell how long it will take …")
    elif can_measure:
        st.button(
            "Measure how long it takes",
            icon=":material/timer:",
            type="tertiary",
            on_click=_measure,
            args=(settings,),
        )
    st.caption(device_text(training_device(), n_parameters(settings.config.unet)))


def _time_text(config: TrainConfig, shape: tuple[int, int, int], per_step: float) -> str:
    whole = config.epochs * n_steps(config, shape) * per_step
    step = f"{per_step:.2g} s" if per_step < 10 else f"{per_step:.0f} s"
    return f"About **{duration(whole)}** on this machine, {step} a step."


def device_text(device: Device, n_weights: int) -> str:
    """Say in honest words what a training runs on."""
    weights = f"{n_weights:,} weights."
    if device.kind == "gpu":
        free = (device.memory_total - device.memory_used) / GIB
        memory = f", {free:.0f} of {device.memory_total / GIB:.0f} GiB free"
        return plain(f"{weights} GPU: {device.name}{memory if device.memory_total else ''}.")
    cores = f"{device.n_cores} core{'s' * (device.n_cores != 1)}"
    slow = "the tiny network is made for that, larger ones take hours"
    return plain(f"{weights} No GPU here, but {cores} of a processor: {slow}. {device.note}")


def _is_usual(config: TrainConfig) -> bool:
    """Whether all that the time depends on is as a preset has it: such are few."""
    usual = PRESETS[config.preset]
    names = ("batch_size", "patch_size", "mixed_precision", "loss", "unet")
    return all(getattr(config, name) == getattr(usual, name) for name in names)


def _is_asked(settings: RunSettings) -> bool:
    return _is_usual(settings.config) or settings.config in st.session_state.get("measured", [])


def _measure(settings: RunSettings) -> None:
    attempt(estimates.start_estimate, settings)
    st.session_state["measured"] = [*st.session_state.get("measured", []), settings.config]
