from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandseg.config import (
    CHOICES,
    PRESETS,
    TilingConfig,
    TrainConfig,
    UNetConfig,
    fit_patches,
    preset,
)
from sandseg.errors import ConfigError


def refused(message, hint, make, **settings):
    with pytest.raises(ConfigError, match=message) as caught:
        make(**settings)
    assert hint in caught.value.hint


@settings(max_examples=50)
@given(st.integers(32, 4096), st.integers(0, 4095))
def test_tiles_overlap_by_less_than_a_tile(tile_size, overlap):
    if overlap < tile_size:
        assert TilingConfig(tile_size, overlap).overlap == overlap
    else:
        refused(
            "must be smaller than the tile", "", TilingConfig, tile_size=tile_size, overlap=overlap
        )


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"tile_size": 31}, "A tile of 31 px is smaller", "at least 32 px"),
        (
            {"tile_size": 64, "overlap": 64},
            r"overlap \(64 px\) must be smaller",
            "Lower the overlap",
        ),
        ({"overlap": -1}, r"overlap \(-1 px\)", "Lower the overlap"),
    ],
)
def test_impossible_tiles_are_refused(settings, message, hint):
    refused(message, hint, TilingConfig, **settings)


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"filters": ()}, "2 to 7 levels", "finest first"),
        ({"filters": (8,)}, r"2 to 7 levels .* not \(8,\)", "finest first"),
        ({"filters": (8,) * 8}, "2 to 7 levels", "finest first"),
        ({"filters": (8, 0)}, "at least one filter", "positive number"),
        ({"n_classes": 0}, "0 classes are asked for", "choose fewer"),
        ({"n_classes": 9}, r"9 classes .* 1 \(binary\) to 8", "choose fewer"),
        ({"stem": "wide"}, '"wide" is no stem', '"strided"'),
        ({"dropout": 1.0}, "dropout of 1.0", "0 to 0.9"),
        ({"dropout": -0.1}, "dropout of -0.1", "0 to 0.9"),
    ],
)
def test_impossible_networks_are_refused(settings, message, hint):
    refused(message, hint, UNetConfig, **settings)


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        *(
            ({name: 0}, f"{name.replace('_', ' ')} is 0, but a whole number from 1", "preset's")
            for name in ("epochs", "steps_per_epoch", "batch_size", "patch_size")
        ),
        *(
            ({name: -1}, f"{name.replace('_', ' ')} is -1, but a whole number from 0", "preset's")
            for name in ("warmup_steps", "seed")
        ),
        ({"weight_decay": -1}, "weight decay of -1 is out of range", "from 0 to 0.1"),
        *(
            ({name: "magic"}, f'"magic" is no {name}', f"one of: {', '.join(choices)}")
            for name, choices in CHOICES.items()
        ),
        ({"patch_size": 100}, "patch of 100 px is no multiple of 32 px", "for example 96"),
        ({"patch_size": 8}, "patch of 8 px is no multiple of 32 px", "for example 32"),
        ({"learning_rate": 0.0}, "learning rate of 0.0", "between 0 and 1"),
        ({"learning_rate": 1.0}, "learning rate of 1.0", "between 0 and 1"),
        ({"learning_rate": float("nan")}, "learning rate of nan", "between 0 and 1"),
        ({"ema_momentum": 1.0}, "momentum of 1.0 never moves", "0 (switched off)"),
        ({"ema_momentum": -0.5}, "momentum of -0.5", "0 (switched off)"),
        ({"norm_share": -0.1}, "in -0.1 of the epochs", "from 0 to 1"),
        ({"norm_share": 1.5}, "in 1.5 of the epochs", "from 0 to 1"),
    ],
)
def test_impossible_trainings_are_refused(settings, message, hint):
    refused(message, hint, TrainConfig, **settings)


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_can_be_made(name):
    for choice in CHOICES[name]:
        assert getattr(TrainConfig(**{name: choice}), name) == choice


@settings(max_examples=50)
@given(st.lists(st.integers(1, 64), min_size=2, max_size=7), st.sampled_from(["full", "strided"]))
def test_the_stride_halves_once_a_level_and_once_for_a_strided_stem(filters, stem):
    unet = UNetConfig(filters, stem=stem)

    n_halvings = len(filters) - 1 + (stem == "strided")
    assert unet.stride == 2**n_halvings
    assert TrainConfig(unet=unet, patch_size=3 * unet.stride).patch_size == 3 * unet.stride


@settings(max_examples=50)
@given(st.integers(1, 700), st.integers(2, 7))
def test_the_patch_size_a_refusal_names_is_accepted(patch_size, n_levels):
    unet = UNetConfig((4,) * n_levels)
    try:
        TrainConfig(unet=unet, patch_size=patch_size)
    except ConfigError as error:
        named = int(error.hint.rstrip(".").split()[-1])
        assert TrainConfig(unet=unet, patch_size=named).patch_size == named


@pytest.mark.parametrize(("share", "n_learning"), [(0, 0), (0.3, 2), (0.5, 2), (1, 4)])
def test_statistics_are_kept_after_their_share_of_the_epochs(share, n_learning):
    config = TrainConfig(epochs=4, norm_share=share)

    kept = [config.keeps_statistics(epoch) for epoch in range(4)]

    assert kept == [False] * n_learning + [True] * (4 - n_learning)


@settings(max_examples=50)
@given(st.integers(1, 600), st.sampled_from(sorted(PRESETS)))
def test_patches_are_shortened_to_fit_into_their_slices(side, name):
    usual = preset(name)

    config = fit_patches(usual, side)

    if side >= usual.patch_size or side < usual.unet.stride:
        assert config == usual
    else:
        assert side - usual.unet.stride < config.patch_size <= side
        n_pixels = config.batch_size * config.patch_size**2
        assert n_pixels == pytest.approx(usual.batch_size * usual.patch_size**2, rel=0.3)


def test_filters_from_a_card_become_a_tuple_of_whole_numbers():
    assert UNetConfig([8.0, 16]) == UNetConfig((8, 16))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_and_knows_its_name(name):
    config = preset(name)

    assert config.preset == name
    assert replace(config) == config  # checked once more


def test_the_seed_preset_is_the_notebooks_recipe():
    config = preset("seed")

    assert config.unet == UNetConfig((64, 128, 256, 512, 1024), n_classes=4, stem="full")
    assert (config.batch_size, config.epochs, config.seed) == (16, 50, 42)
    assert (config.patch_size, config.sampling, config.split) == (128, "grid", "patch")
    assert (config.optimizer, config.loss, config.augment) == ("adam", "cross_entropy", False)


def test_an_unknown_preset_is_refused():
    refused('no preset "huge"', "compact, tiny, seed", preset, name="huge")


@pytest.mark.parametrize(
    "numbers",
    [
        {"epochs": 2**53},
        {"steps_per_epoch": 10**9},
        {"batch_size": 10**6},
        {"seed": 2**32},
        {"epochs": 1.5},
        {"seed": float("nan")},
        {"weight_decay": float("inf")},
    ],
)
def test_numbers_that_no_training_can_have_are_refused(numbers):
    with pytest.raises(ConfigError, match="is needed|out of range"):
        TrainConfig(**numbers)
