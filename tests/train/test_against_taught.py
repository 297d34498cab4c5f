import numpy as np
import pytest
import tifffile

from sandseg.config import TrainConfig, UNetConfig
from sandseg.export.tiff import write_image
from sandseg.grey.mapping import GreyMapping
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.teach.painting.parting import TEST, dealt_out
from tests.lessons import TINY, made_up_stack, models, strokes_on  # noqa: F401 - a fixture

keras = pytest.importorskip("keras")

from sandseg.model.unet import build_unet  # noqa: E402
from sandseg.train.against_taught import compare_with_taught  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("models")]  # loads TensorFlow
UNET = UNetConfig((4, 6), n_classes=3)
SLICES = 0, 2


def compared(folder, grey, strokes, accepted=None):
    """What is told of a network that learned nothing, beside the strokes."""
    write_image(folder / "rock.tif", grey, 2.0)
    names = {"labels": strokes} | ({} if accepted is None else {"accepted": accepted})
    files = {"images": str(folder / "rock.tif")}
    for name, values in names.items():
        files[name] = str(folder / f"{name}.tif")
        tifffile.imwrite(files[name], values, photometric="minisblack")
    keras.utils.set_random_seed(0)
    settings = RunSettings(DataSource("strokes", **files), TrainConfig(unet=UNET), start_from=TINY)
    return compare_with_taught(settings, folder, GreyMapping(0, 255), build_unet(UNET))


def held_back(strokes):
    dealt = dealt_out({z: strokes[z] for z in SLICES}, 3)
    return {z: parts[TEST] for z, parts in dealt.items()}


def test_both_are_judged_by_the_strokes_held_back_and_by_no_other(tmp_path):
    grey, labels = made_up_stack()
    strokes = strokes_on(labels, SLICES, n=12)
    n_held = sum(len(np.unique(part[part > 0])) for part in held_back(strokes).values())

    plain = compared(tmp_path, grey, strokes)
    disguised = grey.copy()  # what is held back looks like the class after it
    for z, part in held_back(strokes).items():
        disguised[z] = np.choose(part, (grey[z], 120, 210, 40))
    other = compared(tmp_path, disguised, strokes)

    assert n_held < plain.n_strokes < 24
    assert plain.n_strokes == other.n_strokes
    assert plain.taught.accuracy > 0.7
    assert other.taught.accuracy < plain.taught.accuracy - 0.3
    assert plain.taught.accuracy > plain.network.accuracy


def test_no_stroke_of_an_accepted_slice_is_held_back(tmp_path):
    grey, labels = made_up_stack()
    strokes = strokes_on(labels, SLICES, n=12)
    accepted = np.zeros_like(labels)
    accepted[0] = labels[0] + 1

    found = compared(tmp_path, grey, strokes, accepted)

    assert found.n_strokes < compared(tmp_path, grey, strokes).n_strokes
