"""Teaching by files, and teaching on what was taught before."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile

from sandseg.errors import TeachError
from sandseg.export.tiff import write_image
from sandseg.model.store import load_model, write_card
from sandseg.predict.teach_file import TeachRequest, teach_file
from sandseg.teach.taught_model import EXAMPLES, STROKES, network_of
from tests.lessons import TINY, made_up_stack, models, strokes_on  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def rock(tmp_path):
    """A stack of three slices, its labels, and strokes on the first two."""
    grey, labels = made_up_stack()
    write_image(tmp_path / "rock.tif", grey, 2.0)
    return labels, strokes_on(labels, (0, 1))


def save(path, values):
    tifffile.imwrite(path, values, photometric="minisblack")
    return path


def teach(folder, strokes, name="l", image="rock.tif", **how):
    """Teach; the labels, and the report."""
    request = TeachRequest(
        folder / image, save(folder / f"{name}-s.tif", strokes), folder / f"{name}.tif", **how
    )
    report = teach_file(request)
    return tifffile.imread(folder / f"{name}.tif"), report["teaching"]


def only(strokes, *slices):
    return np.stack([s if z in slices else np.zeros_like(s) for z, s in enumerate(strokes)])


@pytest.mark.parametrize(("first", "then"), [(0, 1), (1, 0)])
def test_two_lessons_on_one_stack_are_one_lesson_on_it(tmp_path, rock, first, then):
    _, strokes = rock
    strokes[:2, 40:43, 50:60] = 1  # a stroke across both slices
    at_once, once = teach(tmp_path, strokes, "once", model=TINY)
    teach(tmp_path, only(strokes, first), "first", model=TINY, keep="mine")

    labels, twice = teach(tmp_path, only(strokes, then), "then", model="mine", keep="mine-2")

    assert labels.tobytes() == at_once.tobytes()
    for fact in ("n_strokes", "held_back"):
        assert twice[fact] == once[fact], fact
    assert [sorted(scan["slices"]) for scan in twice["scans"]] == [["1", "2"]]
    assert load_model("mine-2").card["taught"]["n_strokes"] == once["n_strokes"]


def test_strokes_that_a_model_knows_already_count_once(tmp_path, rock):
    _, strokes = rock
    before, _ = teach(tmp_path, strokes, "first", model=TINY, keep="mine")

    again, facts = teach(tmp_path, only(strokes, 1), "again", model="mine")

    assert again.tobytes() == before.tobytes()
    assert sum(facts["n_pixels"].values()) == np.count_nonzero(strokes)


def test_a_new_stroke_lies_over_an_old_one(tmp_path, rock):
    _, strokes = rock
    corrected = only(strokes, 0)
    y, x = np.argwhere(corrected[0] == 1)[0]
    corrected[0, y, x] = 3
    at_once, _ = teach(tmp_path, corrected, "once", model=TINY)
    teach(tmp_path, only(strokes, 0), "first", model=TINY, keep="mine")
    one = np.zeros_like(strokes)
    one[0, y, x] = 3

    labels, facts = teach(tmp_path, one, "then", model="mine", keep="mine-2")

    assert labels.tobytes() == at_once.tobytes()
    assert (
        tifffile.imread(load_model("mine-2").folder / STROKES).tobytes() == corrected[0].tobytes()
    )
    assert sum(facts["n_pixels"].values()) == np.count_nonzero(corrected)


def test_what_was_learned_on_another_stack_stays(tmp_path, rock):
    labels, strokes = rock
    teach(tmp_path, strokes, "first", model=TINY, keep="mine")
    other, truth = made_up_stack(2, seed=5)
    write_image(tmp_path / "other.tif", other, 2.0)
    one_class = strokes_on(truth, (1,), n=3, values=(0,))

    found, facts = teach(tmp_path, one_class, "then", "other.tif", model="mine", keep="mine-2")

    assert (found == truth).mean() > 0.75, "the classes that were not painted are forgotten"
    assert [scan["image"] for scan in facts["scans"]] == ["rock.tif", "other.tif"]
    assert facts["n_strokes"]["class 2"] > 0
    third, facts = teach(tmp_path, one_class, "third", "other.tif", model="mine-2")
    assert third.tobytes() == found.tobytes()
    assert len(facts["scans"]) == 2
    assert len(facts["slices"]) == 1
    base, again = (network_of(load_model(name)) for name in ("mine", "mine-2"))
    assert again.card["sha256"] == base.card["sha256"] == load_model(TINY).sha256


def test_further_classes_may_follow_and_others_are_refused(tmp_path, rock):
    _, strokes = rock
    teach(tmp_path, strokes, "first", model=TINY, keep="mine")
    more = only(strokes, 1)
    more[1, :4, :4] = 4
    classes = load_model("mine").classes
    renamed = (replace(classes[0], name="vug"), *classes[1:])
    fourth = replace(classes[0], value=3, name="fracture")

    with pytest.raises(TeachError, match="knows the classes class 1, class 2, class 3"):
        teach(tmp_path, only(strokes, 1), "x", model="mine", classes=renamed)
    labels, _ = teach(tmp_path, more, "y", model="mine", classes=(*classes, fourth))

    assert set(np.unique(labels)) <= {0, 1, 2, 3}


def test_a_correction_is_gone_on_with_as_one(tmp_path, rock):
    labels, _ = rock
    clay = strokes_on(labels, (0, 1), values=(0,))
    clay[clay > 0] = 2
    at_once, _ = teach(tmp_path, clay, "once", model=TINY, is_correction=True)
    teach(tmp_path, only(clay, 0), "first", model=TINY, is_correction=True, keep="mine")

    found, facts = teach(tmp_path, only(clay, 1), "then", model="mine")

    assert found.tobytes() == at_once.tobytes()
    assert facts["is_correction"]


def test_a_model_that_keeps_no_examples_is_not_taught_on(tmp_path, rock):
    _, strokes = rock
    teach(tmp_path, strokes, "first", model=TINY, keep="mine")
    model = load_model("mine")
    write_card(model.folder, model.card, [name for name in model.card["files"] if name != EXAMPLES])

    with pytest.raises(TeachError, match="cannot be taught on"):
        teach(tmp_path, strokes, "then", model="mine")
