"""How a training goes: network, epochs, batches, learning rate, what is done to the patches."""

from dataclasses import replace

import streamlit as st

from pages.cache.models import list_models
from pages.session import address
from pages.words.numbers import bare, plain
from sandseg.config import CHOICES, PRESETS, TrainConfig, UNetConfig, n_parameters
from sandseg.model.store import StoredModel
from sandseg.runs.devices import training_device

NETWORKS = {"tiny": "Tiny", "compact": "Compact", "seed": "Classic"}
ABOUT = {
    "tiny": "Small and quick: made to be watched.",
    "compact": "Made to be used: the shipped model is one of this kind.",
    "seed": "The U-Net of the textbooks, by the recipe this app descends from. For a GPU.",
}
SCHEDULES = {"cosine": "The rate falls to zero", "constant": "The rate stays as it is"}
LOSSES = {
    "cross_entropy": "Cross-entropy",
    "cross_entropy_dice": "Cross-entropy and Dice",
    "focal": "Focal",
}
SPLITS = {"slice": "By slice", "patch": "By patch (leaks)"}
SCRATCH = ""


def choose_network(n_outputs: int) -> tuple[TrainConfig, str]:
    """Ask for a preset, or a stored model to go on from; return its settings and that name."""
    titles = {name: title for name, title in NETWORKS.items() if name in PRESETS}
    name = address.segments("Network", titles, "preset", label_visibility="visible")
    base = PRESETS[name]
    models = {model.name: model for model in list_models() if not model.is_taught}
    start = st.selectbox(
        "Start from",
        [SCRATCH, *models],
        format_func=lambda one: bare(models[one].title) if one else "random weights",
        key="start-from",
        persist_state="session",
        help="A model that knows a similar rock needs fewer epochs and fewer labels. The network "
        "then has the shape of that model.",
    )
    unet = _shape(models.get(start), base.unet)
    unet = replace(unet, n_classes=n_outputs)
    text = f"The shape of {plain(models[start].title)}." if start in models else ABOUT[name]
    st.caption(f"{text} {n_parameters(unet):,} weights.")
    return replace(base, unet=unet), start if start in models else SCRATCH


def _shape(model: StoredModel | None, otherwise: UNetConfig) -> UNetConfig:
    return model.unet if model else otherwise


def choose_learning(base: TrainConfig) -> TrainConfig:
    """Ask for what is changed most, then for the rest."""
    name = base.preset
    epochs, steps = st.columns(2, gap="small")
    with epochs:
        n_epochs = _number("Epochs", name, base.epochs, help=_EPOCHS)
    with steps:
        is_grid = base.sampling == "grid"
        n_steps = _number(
            "Steps per epoch",
            name,
            base.steps_per_epoch,
            help="One step is one batch. This recipe takes every patch once."
            if is_grid
            else _STEPS,
            disabled=is_grid,
        )
    batch, rate = st.columns(2, gap="small")
    with batch:
        batch_size = _number("Batch size", _fit_name(base), base.batch_size, help=_BATCH)
    with rate:
        learning_rate = _number(
            "Learning rate", name, base.learning_rate, help=_RATE, step=0.0005, format="%.4f"
        )
    schedule = _choice("Schedule", "schedule", name, SCHEDULES, base.schedule, help=_SCHEDULE)
    loss = _choice("Loss", "loss", name, LOSSES, base.loss, help=_LOSS)
    seed = _number("Seed", name, base.seed, help=_SEED)
    return replace(
        base,
        epochs=n_epochs,
        steps_per_epoch=n_steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        warmup_steps=min(base.warmup_steps, n_epochs * n_steps // 4),
        loss=loss,
        seed=seed,
        mixed_precision=_ask_precision(),
    )


def choose_patches(base: TrainConfig) -> TrainConfig:
    """Ask how patches are cut, kept apart, flipped and turned."""
    name = base.preset
    fit = _fit_name(base)
    size = _number("Edge of a patch in pixels", fit, base.patch_size, help=_PATCH, step=16)
    split = _choice("Keep apart", "split", name, SPLITS, base.split, help=_SPLIT)
    if split == "patch":
        st.warning(
            "Patches of one slice, and of neighbours that look alike, then stand on both sides: "
            "the network is asked what it has seen, and the score flatters.",
            icon=":material/warning:",
        )
    augment = st.toggle(
        "Flip and turn patches",
        base.augment,
        key=f"augment-{name}",
        persist_state="session",
        help="A rock has no up or left: each patch is turned at random, which makes eight of one.",
    )
    sampling = "grid" if split == "patch" else base.sampling
    return replace(base, patch_size=size, split=split, augment=augment, sampling=sampling)


def _fit_name(base: TrainConfig) -> str:
    """Tell a recipe whose patches were shortened to small slices from the preset itself."""
    is_usual = base.patch_size == PRESETS[base.preset].patch_size
    return base.preset if is_usual else f"{base.preset}-{base.patch_size}"


def _ask_precision() -> bool:
    is_gpu = training_device().kind == "gpu"
    return st.toggle(
        "16-bit numbers",
        is_gpu,
        key=f"precision-{is_gpu}",
        persist_state="session",
        help="Mixed precision: quicker on a GPU and half the memory. On a processor it is slower."
        if is_gpu
        else "Mixed precision pays on a GPU alone; on this processor it is slower.",
    )


def _number(label: str, name: str, value: float, **options) -> float:
    """Ask for a number; what a preset suggests and what was entered for it are kept apart."""
    options = {"step": 1, **options} if isinstance(value, int) else options
    key = f"{label}-{name}"
    entered = st.number_input(label, value=value, key=key, persist_state="session", **options)
    return value if entered is None else entered


def _choice(
    label: str, field: str, name: str, titles: dict[str, str], value: str, **options
) -> str:
    known = [one for one in CHOICES[field] if one in titles]
    return st.selectbox(
        label,
        known,
        index=known.index(value),
        format_func=titles.get,
        key=f"{field}-{name}",
        persist_state="session",
        **options,
    )


_EPOCHS = "After each epoch the network is checked on the validation part and drawn."
_STEPS = "One step is one batch of patches, cut at random from the slices to learn from."
_BATCH = "Patches that are looked at together. If memory runs out, take fewer."
_RATE = "How far the weights move in a step. Too high and it never settles, too low and it crawls."
_SCHEDULE = "What becomes of the learning rate. Falling to zero lets the network settle in the end."
_LOSS = (
    "What is made small. Cross-entropy: every pixel counts. With Dice: rare classes count as much "
    "as common ones. Focal: pixels that are hard count more."
)
_SEED = "The same seed gives the same training again."
_PATCH = "Larger patches show more of the surroundings and take more memory."
_SPLIT = (
    "What the network is checked on must be new to it. By slice: whole blocks of slices are kept "
    "apart. By patch: patches are shared out at random, as many tutorials do."
)
