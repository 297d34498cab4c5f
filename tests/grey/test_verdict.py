from dataclasses import replace

import numpy as np
import pytest
import tifffile

from sandseg.classes import SANDSTONE
from sandseg.config import UNetConfig
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.errors import ConfigError
from sandseg.grey import verdict as domain
from sandseg.grey.appearance import Look, slices_to_look_at
from sandseg.grey.drift import Light
from sandseg.grey.landmarks import Landmarks
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.rescale import zoom_for
from sandseg.grey.verdict import DOUBTFUL, FIT, STRANGE, judge
from sandseg.model.engine import load_engine
from sandseg.model.store import DEFAULT_MODEL, StoredModel, list_models, load_model
from sandseg.model.usual import Usual, usual_for
from sandseg.predict.slices import make_predictor
from sandseg.scan.stack import Stack

USUAL = Usual(texture=(6.0, 7.0, 8.0, 9.0), doubt=0.01, drift=0.1, voxel_size_um=2.0)
AS_USUAL = Look(USUAL.texture, USUAL.doubt, Light(50, 50, 0, 0, 0, 900, USUAL.drift))
PLAIN = GreyMapping(0, 255)
INNER = slice(170, 850)  # inside the rock


def model_with(**card):
    histogram = np.full(256, 1 / 256)
    return StoredModel("made-up", None, "", SANDSTONE, UNetConfig(), histogram, card)


def stack_of(shape, voxel_size_um):
    return Stack.from_array(np.zeros(shape, np.uint8), "scan", voxel_size_um)


def test_a_stack_as_usual_fits_and_nobody_is_warned():
    verdict = judge(PLAIN, [AS_USUAL], USUAL, voxel_size_um=2.0)

    assert (verdict.level, verdict.reasons, verdict.warnings) == (FIT, (), ())
    assert verdict.signs == domain.Signs(0, 0, 1, 0)


SIGNS = {
    "grey": (
        domain.GREY_LIMITS,
        lambda x: judge(GreyMapping(0, 255, "identity", x), [AS_USUAL], USUAL),
        "its grey values are spread differently",
    ),
    "texture": (
        domain.TEXTURE_LIMITS,
        lambda x: judge(PLAIN, [textured(np.array([1, -1, 1, -1]) * x)], USUAL),
        "its texture",
    ),
    "drift": (
        domain.DRIFT_LIMITS,
        lambda x: judge(PLAIN, [drifting(USUAL.drift + x)], USUAL),
        "its brightness drifts",
    ),
    "doubt": (
        domain.DOUBT_LIMITS,
        lambda x: judge(PLAIN, [replace(AS_USUAL, doubt=USUAL.doubt * x)], USUAL),
        "times as unsure",
    ),
}


def drifting(share):
    """A look whose brightness drifts by so much."""
    return replace(AS_USUAL, light=replace(AS_USUAL.light, drift=share))


def textured(powers):
    """A look whose bands are so many powers of two stronger than usual."""
    return replace(AS_USUAL, texture=tuple(np.array(USUAL.texture) * 2.0**powers))


@pytest.mark.parametrize("sign", SIGNS)
def test_each_sign_alone_is_enough_to_doubt_and_to_distrust(sign):
    (low, high), judged, reason = SIGNS[sign]

    assert judged(0.98 * low).level == FIT
    doubtful, strange = judged((low + high) / 2), judged(1.02 * high)
    assert (doubtful.level, strange.level) == (DOUBTFUL, STRANGE)
    for verdict, advice in ((doubtful, "Check the labels by eye"), (strange, "Do not trust")):
        warning, *_ = verdict.warnings
        assert reason in warning
        assert advice in warning


@pytest.mark.parametrize(
    ("powers", "words"),
    [
        ([2, 1, 0, -1], "finer or noisier"),
        ([-2, -1, 0, 1], "coarser or blurred"),
    ],
)
def test_the_reason_says_how_the_texture_differs(powers, words):
    assert words in judge(PLAIN, [textured(np.array(powers))], USUAL).sentence


def test_several_reasons_stand_in_one_sentence():
    looks = [replace(textured(np.array([2, 1, 0, -1])), doubt=1, light=drifting(1).light)]

    verdict = judge(GreyMapping(0, 255, "identity", 1.0), looks, USUAL)

    assert len(verdict.reasons) == 4
    assert all(reason in verdict.sentence for reason in verdict.reasons)


def test_a_stronger_contrast_alone_is_no_other_texture():
    assert judge(PLAIN, [textured(np.full(4, 0.4))], USUAL).signs.texture == pytest.approx(0)


def test_an_inverted_scan_is_named_and_the_command_line_is_told_what_helps():
    mapping = GreyMapping(0, 255, "identity", 0.9, inverse=(255.0, 0.0))

    verdict = judge(mapping, [AS_USUAL], USUAL)

    assert "inverted" in verdict.sentence
    assert verdict.inverse == (255, 0)
    assert "--grey=255,0" in verdict.warnings[1]


@pytest.mark.parametrize(("voxel_um", "words"), [(4.4, "2.2 times larger"), (0.5, "4 times sma")])
def test_other_voxels_are_warned_of_until_slices_are_rescaled(voxel_um, words):
    verdict = judge(PLAIN, [AS_USUAL], USUAL, voxel_um)
    sentence, warning = verdict.warnings

    assert verdict.level != FIT
    assert "its voxels are" in sentence
    assert words in warning
    assert "--rescale" in warning
    assert judge(PLAIN, [AS_USUAL], USUAL, voxel_um, zoom=voxel_um / 2.0).warnings == ()


@pytest.mark.parametrize("voxel_um", [None, 1.4, 2.0, 2.9])
def test_nearly_the_same_or_unknown_voxels_are_no_reason_to_warn(voxel_um):
    assert judge(PLAIN, [AS_USUAL], USUAL, voxel_um).voxel_ratio is None


def test_what_a_card_does_not_tell_is_not_judged():
    verdict = judge(PLAIN, [replace(AS_USUAL, doubt=0.5)], Usual(), 50.0)

    assert (verdict.level, verdict.warnings) == (FIT, ())
    assert verdict.signs == domain.Signs(0)


def test_a_report_takes_a_verdict_as_plain_facts():
    facts = domain.verdict_facts(judge(PLAIN, [AS_USUAL], Usual()))

    assert facts["domain"] == {
        "verdict": "fits",
        "reasons": [],
        "grey_distance": 0.0,
        "texture_distance": None,
        "doubt_distance": None,
        "drift_distance": None,
        "change_z_distance": None,
        "pores_distance": None,
        "landmarks_distance": None,
        "spread_distance": None,
    }
    assert facts["warnings"] == []


def test_slices_are_enlarged_to_the_voxels_of_the_model():
    model = model_with(usual={"voxel_size_um": 2.0})

    assert zoom_for(stack_of((1, 4, 4), 5.0), model) == 2.5


def test_unknown_voxels_cannot_be_rescaled():
    with pytest.raises(ConfigError, match='"scan" does not say how large its voxels') as caught:
        zoom_for(stack_of((1, 4, 4), None), model_with(usual={"voxel_size_um": 2.0}))
    assert "--voxel-size" in caught.value.hint
    with pytest.raises(ConfigError, match='"made-up" does not say how large the voxels'):
        zoom_for(stack_of((1, 4, 4), 5.0), model_with())


@pytest.fixture(scope="module")
def check():
    """A function that judges (Z, Y, X) grey values by the model that is shipped."""
    if DEFAULT_MODEL not in {model.name for model in list_models()}:
        pytest.skip(f"There is no {DEFAULT_MODEL} in models/.")
    model = load_model()
    network = load_engine(model)

    def check(image):
        stack = Stack.from_array(image)
        predictor = make_predictor(stack, model, network=network)
        looks = [
            predictor.look_at(stack.read_slice(z), predictor.predict_slice(stack, z))
            for z in slices_to_look_at(stack.n_slices)
        ]
        return judge(predictor.mapping, looks, usual_for(model), 2.2315)

    return check


@pytest.mark.slow
def test_the_built_in_rock_warns_nobody(check):
    assert check(make_phantom(PhantomConfig(shape=(4, 256, 256))).image).warnings == ()


@pytest.mark.slow
@pytest.mark.parametrize("part", [np.s_[:, :], np.s_[384:640, 384:640]])
def test_real_slices_warn_nobody(check, sandstone_dir, part):
    image = tifffile.imread(sandstone_dir / "images" / "Sandstone_Versa0150.tif")

    assert check(image[part]).warnings == ()


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["drift", "bowl"])
def test_a_real_slice_that_drifts_or_is_cupped_is_doubted(check, sandstone_dir, shape):
    image = tifffile.imread(sandstone_dir / "images" / "Sandstone_Versa0150.tif")[INNER, INNER]
    y, x = np.ogrid[-1:1:680j, -1:1:680j]
    light = 1 + 0.15 * (x if shape == "drift" else y**2 + x**2 - 0.5)

    verdict = check(np.clip(image * light, 0, 255).astype(np.uint8))

    assert verdict.level != FIT
    assert "brightness drifts" in verdict.sentence


@pytest.mark.slow
def test_a_real_slice_turned_dark_is_offered_to_be_inverted(check, sandstone_dir):
    image = tifffile.imread(sandstone_dir / "images" / "Sandstone_Versa0150.tif")

    verdict = check(255 - image[INNER, INNER])

    assert (verdict.level, verdict.inverse) == (STRANGE, (255, 0))


@pytest.mark.slow
def test_another_scanners_sandstone_is_not_to_be_trusted(check, sandstone_dir):
    path = sandstone_dir.parent / "other" / "porespy_binder_sandstone.tif"
    if not path.exists():
        pytest.skip(f"There is no {path}.")

    verdict = check(tifffile.imread(path))

    assert verdict.level == STRANGE
    assert "Do not trust the labels." in verdict.warnings[0]


def test_far_coarser_voxels_are_not_trusted_and_cannot_be_rescaled():
    verdict = judge(PLAIN, [AS_USUAL], USUAL, 9.0)

    assert verdict.level == STRANGE
    assert "more than the 4 times" in verdict.warnings[-1]


def seen(histogram):
    return replace(AS_USUAL, histogram=tuple(histogram / histogram.sum()))


def peaks(*centers):
    """Shares of 256 greys with a peak at each of these."""
    greys = np.arange(256)
    return sum(np.exp(-(((greys - center) / 9) ** 2)) for center in centers)


@pytest.mark.parametrize("kind", ["matched", "landmarks"])
def test_a_taught_model_compares_scans_with_those_it_was_taught_on(kind):
    own = peaks(60, 90)
    usual = replace(USUAL, histogram=tuple(own / own.sum()))
    mapping = GreyMapping(0, 255, kind, distance=0.9, inverse=(255.0, 0.0))
    mapping = replace(mapping, landmarks=Landmarks(60, 90, 20, False))

    like, unlike = (judge(mapping, [seen(greys)], usual) for greys in (own, peaks(150, 220)))

    assert like.level == FIT
    assert like.inverse is None
    assert unlike.level == STRANGE
    assert any("grey values" in reason for reason in unlike.reasons)
