import json
import shlex
import signal
import sys
import time

import numpy as np
import pytest
import tifffile

from sandseg.cli.main import main
from sandseg.cli.teach import parse_classes
from sandseg.errors import ConfigError
from sandseg.export.tiff import write_image
from sandseg.model.request import SegmentRequest
from sandseg.model.store import load_model
from sandseg.runs.segmentation import CONFIDENCE, LABELS, job_status, start_segmentation
from tests.lessons import TINY, made_up_stack, models, strokes_on  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def sandseg(monkeypatch, capsys):
    before = signal.getsignal(signal.SIGTERM)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["sandseg", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def rock(tmp_path):
    """An image of three slices, its labels, and strokes on the first two."""
    grey, labels = made_up_stack()
    write_image(tmp_path / "rock.tif", grey, 2.0)
    save(tmp_path / "strokes.tif", strokes_on(labels, (0, 1)))
    return labels


def save(path, values, **how):
    tifffile.imwrite(path, values, photometric="minisblack", **how)


def read(path):
    with tifffile.TiffFile(path) as tif:
        return np.stack([page.asarray() for page in tif.pages])


def test_a_few_strokes_a_class_segment_the_stack(sandseg, tmp_path, rock):
    report, confidence = tmp_path / "r.json", tmp_path / "c.tif"
    files = tmp_path / "rock.tif", tmp_path / "strokes.tif"

    code, out, _ = sandseg(
        "teach", *files, "-o", tmp_path / "l.tif", "--confidence", confidence, "--report", report
    )

    labels = read(tmp_path / "l.tif")
    assert code == 0
    assert labels.shape == rock.shape
    assert (labels == rock).mean() > 0.8
    found = json.loads(report.read_text())
    shares = np.bincount(rock.ravel(), minlength=3) / rock.size
    assert list(found["picture_fractions"].values()) == pytest.approx(shares, abs=0.1)
    assert list(found["phase_fractions"]) == ["class 1", "class 2", "class 3"]
    assert found["porosity"] is None
    assert any("No class is marked as pore" in warning for warning in found["warnings"])
    assert found["teaching"]["slices"] == [1, 2]
    score = found["teaching"]["held_back"]
    assert 0 <= score["low"] <= score["mean_iou"] <= score["high"] <= 1
    assert score["meaning"] in out
    assert sum(found["teaching"]["n_pixels"].values()) == np.count_nonzero(
        read(tmp_path / "strokes.tif")
    )
    assert found["command"].startswith("python -m sandseg teach ")
    assert "class 1" in out
    values = read(confidence)
    assert 1 / 3 <= values.min() <= values.max() <= 1


def test_of_too_few_strokes_no_score_is_told(sandseg, tmp_path, rock):
    save(tmp_path / "few.tif", strokes_on(rock, (0,), n=1))
    report = tmp_path / "r.json"

    code, out, _ = sandseg(
        "teach", tmp_path / "rock.tif", tmp_path / "few.tif", "-o", tmp_path / "l.tif",
        "--report", report,
    )  # fmt: skip

    score = json.loads(report.read_text())["teaching"]["held_back"]
    assert code == 0
    assert score["mean_iou"] is None
    assert "few strokes" in score["meaning"]
    assert score["meaning"] in out


def test_the_same_strokes_give_the_same_labels_on_another_stack(sandseg, tmp_path, rock):
    other, truth = made_up_stack(seed=5)
    write_image(tmp_path / "other.tif", other, 2.0)
    words = "teach", tmp_path / "rock.tif", tmp_path / "strokes.tif"

    for name in ("a.tif", "b.tif"):
        code, *_ = sandseg(*words, "-o", tmp_path / name, "--on", tmp_path / "other.tif")
        assert code == 0

    labels = read(tmp_path / "a.tif")
    assert (labels == truth).mean() > 0.75
    assert (labels == read(tmp_path / "b.tif")).all()


def test_a_model_that_is_kept_segments_as_the_lesson_did(sandseg, tmp_path, rock):
    classes = "air:#101010:pore,clay,quartz:#8FBCD4"
    words = "teach", tmp_path / "rock.tif", tmp_path / "strokes.tif", "--classes", classes
    report, confidence = tmp_path / "r.json", tmp_path / "c.tif"
    for options in ([], ["--rescale"]):
        name = f"mine{len(options)}"
        one, two = tmp_path / f"{name}-t.tif", tmp_path / f"{name}-s.tif"
        code, out, err = sandseg(*words, "-o", one, "--keep", name, *options)
        assert (code, "kept as" in out) == (0, True), err

        code, out, err = sandseg(
            "segment", tmp_path / "rock.tif", "-o", two, "--model", name,
            "--report", report, "--confidence", confidence, *options,
        )  # fmt: skip

        assert code == 0, err
        assert (read(one) == read(two)).all()
    found = json.loads(report.read_text())
    assert found["model"] == "mine1"
    assert found["porosity"] == pytest.approx((rock == 0).mean(), abs=0.1)
    assert found["domain"]["verdict"] == "fits"
    model = load_model("mine0")
    assert [c.name for c in model.classes] == ["air", "clay", "quartz"]
    assert [c.is_pore for c in model.classes] == [True, False, False]
    assert model.classes[0].color == "#101010"
    code, out, _ = sandseg("models")
    assert "mine0" in out
    assert "mine1" in out


def test_a_stack_unlike_the_one_it_was_taught_on_is_not_trusted(sandseg, tmp_path, rock):
    sandseg("teach", tmp_path / "rock.tif", tmp_path / "strokes.tif", "-o", tmp_path / "l.tif",
            "--keep", "mine")  # fmt: skip
    rng = np.random.default_rng(0)
    other = np.clip(rng.normal(120, 40, (3, 96, 112)), 1, 254).astype(np.uint8)
    write_image(tmp_path / "noise.tif", other, 2.0)

    report = tmp_path / "r.json"
    sandseg("segment", tmp_path / "noise.tif", "-o", tmp_path / "n.tif", "--model", "mine",
            "--report", report)  # fmt: skip

    assert json.loads(report.read_text())["domain"]["verdict"] == "do not trust"


def test_a_correction_keeps_the_classes_and_needs_but_one(sandseg, tmp_path, rock):
    grey, labels = made_up_stack()
    strokes = strokes_on(labels, (0,))
    strokes[strokes != 1] = 0
    strokes[strokes == 1] = 2  # what the network calls quartz is clay here
    save(tmp_path / "one.tif", strokes)
    words = "teach", tmp_path / "rock.tif", tmp_path / "one.tif", "--model", TINY

    code, _, err = sandseg(*words, "-o", tmp_path / "l.tif", "--correct")

    assert code == 0, err
    corrected = read(tmp_path / "l.tif")
    sandseg("segment", tmp_path / "rock.tif", "-o", tmp_path / "s.tif", "--model", TINY)
    before = read(tmp_path / "s.tif")
    painted = strokes > 0
    assert (corrected[painted] == 1).mean() > (before[painted] == 1).mean() + 0.5
    assert (corrected[labels == 2] == before[labels == 2]).mean() > 0.9


def damaged(strokes, kind):
    if kind == "another size":
        return strokes[:, :-1]
    if kind == "fewer slices":
        return strokes[:2]
    if kind == "one class":
        return np.where(strokes == 1, 1, 0).astype(np.uint8)
    if kind == "nothing":
        return np.zeros_like(strokes)
    if kind == "a gap":
        return np.where(strokes == 2, 0, strokes).astype(np.uint8)
    return np.where(strokes == 3, 17, strokes).astype(np.uint8)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("another size", "3 slices of 95 × 112 pixels, but the image is 3 slices of 96 × 112"),
        ("fewer slices", "2 slices of 96 × 112 pixels, but the image is 3 slices"),
        ("one class", "Only one class is painted"),
        ("nothing", "Nothing is painted"),
        ("a gap", 'Nothing is painted in "class 2"'),
        ("no class", "values that are no class: 17"),
    ],
)
def test_strokes_that_teach_nothing_are_refused(sandseg, tmp_path, rock, kind, says):
    save(tmp_path / "bad.tif", damaged(read(tmp_path / "strokes.tif"), kind))

    code, out, err = sandseg(
        "teach", tmp_path / "rock.tif", tmp_path / "bad.tif", "-o", tmp_path / "l.tif"
    )

    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 2
    assert err.splitlines()[1].startswith("hint: ")
    assert not (tmp_path / "l.tif").exists()


def test_colors_that_are_no_classes_are_refused(sandseg, tmp_path, rock):
    table = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)
    colored = table[read(tmp_path / "strokes.tif")]
    tifffile.imwrite(tmp_path / "rgb.tif", colored, photometric="rgb")
    words = "teach", tmp_path / "rock.tif", tmp_path / "rgb.tif", "-o", tmp_path / "l.tif"

    code, _, err = sandseg(*words, "--classes", "a:#ff0000,b:#00ff00,c:#0000fe")
    assert code == 2
    assert "#0000ff is no color of a class" in err

    code, _, err = sandseg(*words, "--classes", "a:#ff0000,b:#00ff00,c:#0000ff")
    assert code == 0, err


def test_an_image_that_is_not_grey_is_refused(sandseg, tmp_path, rock):
    rng = np.random.default_rng(0)
    colored = rng.integers(0, 255, (3, 96, 112, 3), np.uint8)
    tifffile.imwrite(tmp_path / "rgb.tif", colored, photometric="rgb")

    code, _, err = sandseg(
        "teach", tmp_path / "rgb.tif", tmp_path / "strokes.tif", "-o", tmp_path / "l.tif"
    )

    assert code == 2
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize("output", ["rock.tif", "strokes.tif"])
def test_what_is_read_is_not_overwritten(sandseg, tmp_path, rock, output):
    before = (tmp_path / output).read_bytes()

    code, _, err = sandseg(
        "teach", tmp_path / "rock.tif", tmp_path / "strokes.tif", "-o", tmp_path / output
    )

    assert code == 2
    assert "would be overwritten" in err
    assert (tmp_path / output).read_bytes() == before


@pytest.mark.parametrize("name", [TINY, "../mine", "auto", ".hidden"])
def test_a_name_that_cannot_be_is_refused_before_anything_is_done(sandseg, tmp_path, rock, name):
    code, _, err = sandseg(
        "teach", tmp_path / "rock.tif", tmp_path / "strokes.tif", "-o", tmp_path / "l.tif",
        "--keep", name,
    )  # fmt: skip

    assert code == 2
    assert not (tmp_path / "l.tif").exists()
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "1 classes are named"),
        ("a,b,c,d,e,f,g,h,i", "9 classes are named"),
        ("a,a", "two have the same"),
        ("a,", "no name"),
        ("a:red,b", "describes no class"),
        ("a:#112233:#112233,b", "describes no class"),
        ("a:pore:pore,b", "describes no class"),
    ],
)
def test_classes_written_otherwise_are_refused(text, says):
    with pytest.raises(ConfigError, match=says):
        parse_classes(text)


def test_classes_are_read_as_they_were_written():
    air, clay, quartz = parse_classes("air:#1B2A5C:pore, clay ,quartz:pore")

    assert (air.value, air.name, air.color, air.is_pore) == (1, "air", "#1B2A5C", True)
    assert (clay.value, clay.name, clay.is_pore) == (2, "clay", False)
    assert (quartz.name, quartz.is_pore) == ("quartz", True)
    assert len({air.color, clay.color, quartz.color}) == 3


@pytest.mark.slow
def test_a_job_on_64_slices_is_the_command_line_on_them(sandseg, tmp_path):
    grey, labels = made_up_stack(64, (64, 80))
    write_image(tmp_path / "rock.tif", grey, 2.0)
    save(tmp_path / "strokes.tif", strokes_on(labels, (7, 50)))
    files = tmp_path / "rock.tif", tmp_path / "strokes.tif"
    code, _, err = sandseg(
        "teach", *files, "-o", tmp_path / "l.tif", "--keep", "mine",
        "--confidence", tmp_path / "c.tif",
    )  # fmt: skip
    assert code == 0, err

    job = tmp_path / "job"
    start_segmentation(SegmentRequest(files[0], tmp_path / "x.tif", model="mine"), job)
    end = time.monotonic() + 300
    while job_status(job).state == "running" and time.monotonic() < end:
        time.sleep(0.2)

    assert job_status(job).state == "done"
    assert read(job / LABELS).tobytes() == read(tmp_path / "l.tif").tobytes()
    assert read(job / CONFIDENCE).tobytes() == read(tmp_path / "c.tif").tobytes()
    assert len(read(job / LABELS)) == 64


def test_the_command_in_the_report_makes_the_same_labels(sandseg, tmp_path, rock):
    write_image(tmp_path / "-other one.tif", made_up_stack(2, seed=3)[0], 2.0)
    report, classes = tmp_path / "r.json", "a b:pore,b,c:#00ff00"
    code, _, err = sandseg(
        "teach", tmp_path / "rock.tif", tmp_path / "strokes.tif", "-o", tmp_path / "l.tif",
        "--on", tmp_path / "-other one.tif", "--classes", classes, "--report", report,
        "--grey", "10,240", "--sample", "all", "--average",
    )  # fmt: skip
    assert code == 0, err
    before = read(tmp_path / "l.tif")
    found = json.loads(report.read_text())
    words = shlex.split(found["command"])
    assert words[:3] == ["python", "-m", "sandseg"]
    (tmp_path / "l.tif").unlink()

    code, _, err = sandseg(*words[3:])

    assert code == 0, err
    assert (read(tmp_path / "l.tif") == before).all()
    assert found["averaged"]
    assert json.loads(report.read_text())["command"] == found["command"]
