"""The made-up sandstone is what it says: reproducible, contiguous, connected, like the real one."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from sandseg.data.phantom import (
    AIR,
    CLAY,
    PYRITE,
    QUARTZ,
    Phantom,
    PhantomConfig,
    make_phantom,
    rock_cylinder,
)
from sandseg.errors import ConfigError

REAL_GREY = {AIR: 14, CLAY: 83, QUARTZ: 125, PYRITE: 243}  # means over whole real slices
REAL_POROUS_GREY = 43  # mean of the air inside the real rock
SHAPE = (40, 128, 128)


@pytest.fixture(scope="module", params=[0, 1, 2])
def rock(request) -> Phantom:
    return make_phantom(PhantomConfig(shape=SHAPE, seed=request.param))


def _inside(rock, stack):
    return stack[:, rock_cylinder(rock.labels.shape)]


def test_the_same_settings_give_the_same_bytes():
    config = PhantomConfig(shape=(3, 64, 64), seed=5)

    first, second = make_phantom(config), make_phantom(config)

    assert first.image.tobytes() == second.image.tobytes()
    assert first.labels.tobytes() == second.labels.tobytes()


def test_another_seed_gives_another_rock():
    one, other = (make_phantom(PhantomConfig(shape=(2, 64, 64), seed=seed)) for seed in (0, 1))

    assert (one.labels != other.labels).mean() > 0.05
    assert (one.image != other.image).mean() > 0.3


@pytest.mark.parametrize("shape", [(1, 32, 32), (1, 40, 97), (5, 130, 64), (1, 256, 256)])
def test_any_shape_gives_an_image_and_labels_of_that_shape(shape):
    rock = make_phantom(PhantomConfig(shape=shape))

    assert rock.image.shape == rock.labels.shape == shape
    assert rock.image.dtype == rock.labels.dtype == np.uint8
    assert set(np.unique(rock.labels)) <= {AIR, CLAY, QUARTZ, PYRITE}


@pytest.mark.slow
def test_the_rock_holds_as_much_of_each_class_as_the_real_one(rock):
    air, clay, quartz, pyrite = np.bincount(_inside(rock, rock.labels).ravel(), minlength=4) / (
        _inside(rock, rock.labels).size
    )

    assert 0.10 <= air <= 0.15
    assert 0.05 <= clay <= 0.085
    assert 0.72 <= quartz <= 0.80
    assert 0.007 <= pyrite <= 0.07


@pytest.mark.parametrize("shares", [(0.0, 0.0, 0.0), (0.3, 0.05, 0.01), (0.05, 0.2, 0.0)])
def test_the_shares_asked_for_are_the_shares_made(shares):
    porosity, clay, pyrite = shares

    rock = make_phantom(
        PhantomConfig(shape=(6, 96, 96), porosity=porosity, clay=clay, pyrite=pyrite)
    )

    inside = _inside(rock, rock.labels)
    assert rock.porosity == pytest.approx(porosity, abs=1e-4)
    assert (inside == CLAY).mean() == pytest.approx(clay, abs=1e-4)
    assert (inside == PYRITE).mean() == pytest.approx(pyrite, abs=1e-3)


def test_all_around_the_rock_is_air(rock):
    assert (rock.labels[:, ~rock_cylinder(rock.labels.shape)] == AIR).all()


def test_outside_the_field_of_view_the_image_is_black(rock):
    corner = rock.image[:, :10, :10]

    assert (corner == 0).all()


def test_each_class_is_as_grey_as_in_the_real_scan(rock):
    means = {label: rock.image[rock.labels == label].mean() for label in REAL_GREY}

    assert means == pytest.approx(REAL_GREY, abs=9)
    assert rock.image[rock.labels == QUARTZ].mean() == pytest.approx(REAL_GREY[QUARTZ], abs=4)
    pores = _inside(rock, rock.image)[_inside(rock, rock.labels) == AIR]
    assert pores.mean() == pytest.approx(REAL_POROUS_GREY, abs=6)


def test_neighbouring_slices_belong_together_and_distant_ones_do_not(rock):
    labels = _inside(rock, rock.labels)

    next_slice = (labels[1:] == labels[:-1]).mean()
    far_slice = (labels[30:] == labels[:-30]).mean()

    assert next_slice > 0.85
    assert next_slice > far_slice + 0.15


@pytest.mark.slow
def test_across_slices_the_rock_is_as_coarse_as_along_them():
    labels = make_phantom(PhantomConfig(shape=(96, 128, 128))).labels[:, 32:96, 32:96].astype(int)

    borders = [np.diff(labels, axis=axis).astype(bool).mean() for axis in range(3)]

    assert max(borders) < 1.4 * min(borders)


def test_most_of_the_pore_space_is_connected(rock):
    pores = (rock.labels == AIR) & rock_cylinder(rock.labels.shape)

    parts, _ = ndimage.label(pores)
    largest = np.bincount(parts.ravel())[1:].max()

    assert largest / pores.sum() > 0.6  # over 0.9 in a rock of the default size


def test_a_true_label_is_never_a_speck_that_no_scan_could_show(rock):
    shares = []
    for label in (AIR, CLAY, QUARTZ, PYRITE):
        is_it = _inside(rock, rock.labels == label)
        around = ndimage.uniform_filter((rock.labels == label).astype(np.float32), (0, 3, 3))
        alone = _inside(rock, around) < 0.4  # fewer than 4 of the 9 pixels around
        shares.append((is_it & alone).sum() / is_it.sum())

    assert max(shares) < 0.05  # the real labels: 0.05 of clay


def test_noise_and_rings_leave_the_labels_alone():
    quiet = PhantomConfig(shape=(2, 64, 64), noise=0, ring=0, blur=0)
    noisy = dataclasses.replace(quiet, noise=20, ring=5, blur=2)

    np.testing.assert_array_equal(make_phantom(quiet).labels, make_phantom(noisy).labels)


def test_more_noise_makes_a_noisier_image():
    spreads = [
        np.std(rock.image[rock.labels == QUARTZ])
        for rock in (make_phantom(PhantomConfig(shape=(2, 64, 64), noise=n)) for n in (0, 10, 30))
    ]

    assert spreads == sorted(spreads)
    assert spreads[2] > spreads[0] + 10


def test_larger_grains_leave_fewer_borders():
    fine, coarse = (
        make_phantom(PhantomConfig(shape=(2, 128, 128), grain_size_um=size)).labels
        for size in (20, 80)
    )

    assert np.diff(fine.astype(int)).astype(bool).sum() > np.diff(coarse).astype(bool).sum()


def test_the_rock_is_a_disc_in_the_middle_of_each_slice():
    disc = rock_cylinder((1, 101, 201))

    assert disc.shape == (101, 201)
    assert disc[50, 100]
    assert not disc[0].any()
    assert not disc[:, 0].any()
    np.testing.assert_array_equal(disc, disc[::-1, ::-1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shape": (64, 64)}, "shape"),
        ({"shape": (0, 64, 64)}, "cannot be made"),
        ({"shape": (4, 16, 64)}, "cannot be made"),
        ({"shape": (4096, 4096, 4096)}, "memory"),
        ({"seed": -1}, "seed of -1"),
        ({"voxel_size_um": 0}, "Grains of"),
        ({"voxel_size_um": -2}, "Grains of"),
        ({"grain_size_um": 2}, "Grains of 2 µm are 0.9 px"),
        ({"grain_size_um": 1e6}, "Grains of"),
        ({"porosity": -0.1}, "porosity of -0.1"),
        ({"clay": 0.5}, "clay of 0.5"),
        ({"pyrite": float("nan")}, "pyrite of nan"),
        ({"porosity": 0.4, "clay": 0.3}, "less than 40 %"),
        ({"noise": -1}, "noise of -1"),
        ({"ring": 100}, "ring of 100"),
        ({"blur": -0.5}, "blur of -0.5"),
    ],
)
def test_an_impossible_rock_is_refused_with_advice(settings, message):
    with pytest.raises(ConfigError, match=message) as refused:
        PhantomConfig(**settings)

    assert refused.value.hint
