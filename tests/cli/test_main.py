import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tifffile

from sandseg.cli.main import main
from sandseg.export.tiff import write_image, write_labels
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from tests.made_tiffs import zip_bytes

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300  # a busy machine takes its time to start Python


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def sandseg(monkeypatch, capsys, grey_model_folder):
    """Runs the command line in this process."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("SANDSEG_MODELS", str(grey_model_folder))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["sandseg", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def slices(grey_noise):
    return grey_noise(3, 40, 50)


@pytest.fixture
def scan(tmp_path, slices):
    write_image(tmp_path / "scan.tif", slices, 2.5)
    return tmp_path / "scan.tif"


@pytest.fixture
def out(tmp_path):
    """An empty folder for results."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def assert_refused(ended, *parts):
    """Exit 2, one line that says what is wrong, one that says what to do, and nothing else."""
    assert (ended.code, ended.out) == (2, "")
    error, hint, rest = ended.err.split("\n")
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert len(hint) > 10
    assert rest == ""
    for part in parts:
        assert part in ended.err


def declared(height, width):
    """A TIFF of a few bytes whose header declares so many pixels."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height}
    tags[279] = 10_000
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 0)


def colors(path):
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    tifffile.imwrite(path, rgb, photometric="rgb")


def two_sizes(path):
    with tifffile.TiffWriter(path) as tif:
        tif.write(np.arange(1600, dtype=np.uint16).reshape(40, 40), metadata=None)
        tif.write(np.arange(900, dtype=np.uint16).reshape(30, 30), metadata=None)


def cut_off(path):
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 50)).astype(np.uint8)
    write_image(path, noise)
    path.write_bytes(path.read_bytes()[:2500])


def holes(path):
    image = np.linspace(0, 1, 2000, dtype=np.float32).reshape(40, 50)
    image[3, 4:7] = np.nan
    tifffile.imwrite(path, image)


BAD_FILES = {
    "missing": (lambda path: None, "scan.tif"),
    "folder": (lambda path: path.mkdir(), "scan.tif"),
    "text": (lambda path: path.write_text("no picture"), "not a TIFF"),
    "photo": (
        lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(99)),
        "like a picture, but is damaged",
    ),
    "empty": (lambda path: path.write_bytes(b""), "empty (0 bytes)"),
    "truncated": (cut_off, "scan.tif"),
    "color": (colors, "color"),
    "two sizes": (two_sizes, "differ in size"),
    "huge": (lambda path: path.write_bytes(declared(100_000, 100_000)), "declares 10 GB"),
    "one value": (lambda path: write_image(path, np.full((2, 40, 50), 7, np.uint8)), "is 7"),
    "all NaN": (lambda path: tifffile.imwrite(path, np.full((40, 50), np.nan, "f4")), "o pixel"),
}


NOTHING_TO_SEGMENT = {"one value", "all NaN"}  # readable all the same


@pytest.mark.parametrize(
    ("command", "kind"),
    [("segment", kind) for kind in BAD_FILES]
    + [("inspect", kind) for kind in BAD_FILES if kind not in NOTHING_TO_SEGMENT],
)
def test_a_file_that_cannot_be_segmented_is_refused(sandseg, tmp_path, out, command, kind):
    make, message = BAD_FILES[kind]
    make(tmp_path / "scan.tif")
    outputs = ["-o", out / "labels.tif", "--confidence", out / "c.tif", "--report", out / "r.json"]

    ended = sandseg(
        command,
        tmp_path / "scan.tif",
        *(["--model", "grey", *outputs] if command == "segment" else []),
    )

    assert_refused(ended, message)
    assert list(out.iterdir()) == []


def test_missing_pixels_are_noted_and_stop_nothing(sandseg, tmp_path, out):
    holes(tmp_path / "scan.tif")

    ended = sandseg("inspect", tmp_path / "scan.tif", "--json")
    segmented = sandseg(
        "segment", tmp_path / "scan.tif", "--model", "grey", "-o", out / "labels.tif"
    )

    assert "3 of 2,000 pixels" in json.loads(ended.out)["notes"][-1]
    assert segmented.code == 0


@pytest.mark.parametrize("kind", sorted(NOTHING_TO_SEGMENT))
def test_inspect_notes_what_would_keep_a_scan_from_being_segmented(sandseg, tmp_path, kind):
    make, message = BAD_FILES[kind]
    make(tmp_path / "scan.tif")

    ended = sandseg("inspect", tmp_path / "scan.tif", "--json")

    assert (ended.code, ended.err) == (0, "")
    assert message in json.loads(ended.out)["notes"][-1]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--model", "none"], 'no model "none"'),
        (["--engine", "torch"], 'no engine "torch"'),
        (["--grey", "dark"], "no grey mapping"),
        (["--grey", "9,9"], "span no range"),
        (["--labels", "none.tif"], "none.tif"),
        (["--confidence", "no/folder/c.tif"], "no such folder"),
        (["--report", "no/folder/r.json"], "no such folder"),
        (["-o", "no/folder/labels.tif"], "no such folder"),
        (["--tile", "9"], "No such option"),
        (["--report"], "requires an argument"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(sandseg, scan, out, monkeypatch, option, message):
    monkeypatch.chdir(out)

    ended = sandseg("segment", scan, "-o", out / "labels.tif", "--model", "grey", *option)

    assert_refused(ended, message)
    assert list(out.iterdir()) == []


def test_a_damaged_model_is_refused_and_not_listed(sandseg, scan, out, monkeypatch, tmp_path):
    shutil.copytree(os.environ["SANDSEG_MODELS"], tmp_path / "models")
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    (tmp_path / "models" / "grey" / "model.bin").write_bytes(b"")

    assert_refused(sandseg("segment", scan, "-o", out / "l.tif", "--model", "grey"), "is damaged")
    assert json.loads(sandseg("models", "--json").out) == []
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("words", [[], ["segment"], ["fly"], ["inspect", "a.tif", "b.tif"]])
def test_a_command_nobody_understands_is_refused(sandseg, words):
    assert_refused(sandseg(*words), "--help")


@pytest.mark.parametrize("words", [["--help"], ["segment", "--help"]])
def test_help_is_no_error(sandseg, words):
    ended = sandseg(*words)

    assert (ended.code, ended.err) == (0, "")
    assert "Usage" in ended.out


def test_labels_confidence_and_report_are_written(sandseg, scan, slices, out, nearest_grey):
    ended = sandseg(
        *("segment", scan, "--model", "grey", "--grey", "identity", "-o", out / "labels.tif"),
        *("--confidence", out / "confidence.tif", "--report", out / "report.json"),
    )

    assert ended.code == 0
    assert str(out / "labels.tif") in ended.out
    np.testing.assert_array_equal(read_labels(out / "labels.tif"), nearest_grey(slices / 255))
    with open_stack(out / "confidence.tif") as stack:
        confidence = np.stack([stack.read_slice(z) for z in range(3)])
    assert 0 <= confidence.min() <= confidence.max() <= 1
    report = json.loads((out / "report.json").read_text())
    promised = {"model", "seconds", "megapixels_per_second", "phase_fractions", "porosity"}
    assert promised | {"warnings"} <= set(report)
    assert set(report["phase_fractions"]) == {"air", "clay", "quartz", "pyrite"}


def test_labels_at_hand_are_compared_with(sandseg, scan, slices, out, nearest_grey):
    write_labels(out / "true.tif", nearest_grey(slices / 255))

    ended = sandseg(
        *("segment", scan, "--model", "grey", "--grey", "identity", "-o", out / "labels.tif"),
        *("--labels", out / "true.tif", "--report", out / "report.json"),
    )

    assert "mean IoU 1.000, accuracy 1.000 (of the sample)" in ended.out
    report = json.loads((out / "report.json").read_text())
    assert {"confusion_matrix", "iou", "mean_iou", "accuracy"} <= set(report)
    assert report["mean_iou"] == 1


def test_a_doubtful_scan_is_segmented_with_a_warning(sandseg, scan, out):
    ended = sandseg("segment", scan, "-o", out / "l.tif", "--model", "grey", "--grey", "0,5000")

    assert ended.code == 0
    assert ended.err.startswith("warning: ")


@pytest.mark.parametrize("name", ["scan [bold] :x: [x].tif", "ä µ.tif", "-dash.tif"])
def test_any_file_name_will_do(sandseg, scan, out, monkeypatch, name):
    monkeypatch.chdir(out)
    shutil.copy(scan, out / name)

    inspected = sandseg("inspect", "--", name)
    ended = sandseg("segment", "--model", "grey", f"--output=labels {name}", "--", name)

    assert (inspected.code, ended.code) == (0, 0)
    assert f"labels {name}" in ended.out
    assert (out / f"labels {name}").exists()


def test_labels_against_themselves_are_perfect(sandseg, out, rng):
    write_labels(out / "labels.tif", rng.integers(0, 3, (2, 30, 40)).astype(np.uint8))

    ended = sandseg("evaluate", out / "labels.tif", out / "labels.tif", "--report", out / "r.json")

    assert (ended.code, ended.err) == (0, "")
    assert "mean IoU 1.000, accuracy 1.000" in ended.out
    found = json.loads((out / "r.json").read_text())
    assert found["iou"] == {"air": 1, "clay": 1, "quartz": 1, "pyrite": None}
    assert "absent" in ended.out


def test_rows_are_true_and_columns_predicted(sandseg, out):
    write_labels(out / "true.tif", np.array([[[0, 0, 1, 2]]], np.uint8))
    write_labels(out / "predicted.tif", np.array([[[0, 1, 1, 1]]], np.uint8))

    sandseg("evaluate", out / "predicted.tif", out / "true.tif", "--report", out / "r.json")

    matrix = json.loads((out / "r.json").read_text())["confusion_matrix"]
    assert matrix == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("way", ["said", "in the names", "in a ZIP"])
def test_labels_of_some_slices_are_compared_with_those(
    sandseg, scan, slices, out, nearest_grey, way
):
    labels, some = nearest_grey(slices / 255), out / "some"
    some.mkdir()
    options = ["--label-slices", "1,3"] if way == "said" else []
    for number in (1, 3):
        write_labels(some / f"mask_{number}.tif", labels[[number - 1]])
    if way == "said":
        some = out / "two.tif"
        write_labels(some, labels[[0, 2]])
    if way == "in a ZIP":
        files = {path.name: path.read_bytes() for path in (out / "some").iterdir()}
        some = out / "some.zip"
        some.write_bytes(zip_bytes(files))
    words = ["segment", scan, "-o", out / "l.tif", "--model", "grey", "--labels", some, *options]

    ended = sandseg(*words, "--grey", "identity", "--report", out / "r.json")

    report = json.loads((out / "r.json").read_text())
    assert ended.code == 0
    assert report["mean_iou"] == 1
    assert np.sum(report["scores_of_labelled_pixels"]["confusion_matrix"]) == 2 * slices[0].size
    assert "Labels are those of slices 1, 3 of 3." in report["warnings"]
    judged = sandseg("evaluate", out / "l.tif", some, *options)
    assert (judged.code, "slices 1, 3 of 3" in judged.err) == (0, True)


def test_labels_that_do_not_fit_are_refused(sandseg, out, scan):
    write_labels(out / "true.tif", np.ones((2, 30, 40), np.uint8))
    write_labels(out / "other.tif", np.ones((2, 30, 41), np.uint8))
    before = sorted(out.iterdir())

    for predicted in ("other.tif", scan, "none.tif"):
        assert_refused(
            sandseg("evaluate", out / predicted, out / "true.tif", "--report", out / "r.json")
        )
    assert sorted(out.iterdir()) == before


def test_a_phantom_is_two_files_and_the_same_each_time(sandseg, out):
    for name, seed in (("one", 4), ("again", 4), ("other", 5)):
        ended = sandseg("phantom", "-o", out / name, "--shape", 2, 48, 64, "--seed", seed)
        assert (ended.code, ended.err) == (0, "")
        assert sorted(path.name for path in (out / name).iterdir()) == ["image.tif", "labels.tif"]

    for file in ("image.tif", "labels.tif"):
        one, again, other = ((out / n / file).read_bytes() for n in ("one", "again", "other"))
        assert one == again != other
    with open_stack(out / "one" / "image.tif") as stack:
        assert (stack.shape, stack.dtype, stack.voxel_size_um) == ((2, 48, 64), np.uint8, 2.2315)
    assert read_labels(out / "one" / "labels.tif").max() < 4


def test_a_phantom_that_cannot_be_made_leaves_nothing(sandseg, out, scan):
    assert_refused(sandseg("phantom", "-o", out / "p", "--shape", 1, 8, 8), "cannot be made")
    assert_refused(sandseg("phantom", "-o", out / "p", "--seed", -1), "seed of -1")
    assert_refused(sandseg("phantom", "-o", scan, "--shape", 1, 32, 32), "scan.tif")
    assert_refused(sandseg("phantom", "-o", scan / "p", "--shape", 1, 32, 32), "scan.tif")
    assert list(out.iterdir()) == []


def test_inspect_says_what_was_understood(sandseg, scan):
    as_json, as_text = sandseg("inspect", scan, "--json"), sandseg("inspect", scan)

    facts = json.loads(as_json.out)
    assert (as_json.code, as_json.err, as_text.code) == (0, "", 0)
    assert facts["name"] == "scan.tif"
    assert (facts["shape"], facts["dtype"], facts["axes"]) == ([3, 40, 50], "uint8", "ZYX")
    assert (facts["voxel_size_um"], facts["grey_range_middle_slice"]) == (2.5, [0, 255])
    assert "40 × 50 px" in as_text.out
    assert "2.5 µm" in as_text.out


def test_what_is_chosen_of_a_file_is_inspected_and_segmented(sandseg, out, slices):
    metadata = {"axes": "ZCYX"}
    channels = np.stack([np.zeros_like(slices), slices], axis=1)
    tifffile.imwrite(out / "two.tif", channels, imagej=True, metadata=metadata)
    wishes = ["--channel", 2, "--voxel-size", 7.5, "--slices", "2:3"]

    facts = json.loads(sandseg("inspect", out / "two.tif", "--json", *wishes).out)
    ended = sandseg("segment", out / "two.tif", "-o", out / "l.tif", "--model", "grey", *wishes)

    assert (facts["shape"], facts["voxel_size_um"]) == ([2, 40, 50], 7.5)
    assert facts["choices"]["channel"]["chosen"] == 1
    assert facts["grey_range_middle_slice"] == [0, 255]
    assert ended.code == 0
    assert read_labels(out / "l.tif").shape == (2, 40, 50)


@pytest.mark.parametrize("kind", ["zip", "folder", "npy", "raw"])
def test_slices_may_come_in_any_wrapping(sandseg, out, slices, tmp_path, kind):
    paths = []
    for z, image in enumerate(slices):
        paths.append(tmp_path / "slices" / f"{z}.tif")
        paths[-1].parent.mkdir(exist_ok=True)
        write_image(paths[-1], [image])
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for path in paths:
            archive.write(path, path.name)
    np.save(tmp_path / "scan.npy", slices)
    (tmp_path / "scan.raw").write_bytes(slices.tobytes())
    words = {
        "zip": [tmp_path / "scan.zip"],
        "folder": [tmp_path / "slices"],
        "npy": [tmp_path / "scan.npy"],
        "raw": [tmp_path / "scan.raw", "--raw", "3x40x50,uint8"],
    }[kind]

    facts = json.loads(sandseg("inspect", "--json", *words).out)
    ended = sandseg("segment", "-o", out / "labels.tif", "--model", "grey", *words)

    assert (facts["shape"], facts["dtype"]) == ([3, 40, 50], "uint8")
    assert ended.code == 0
    assert read_labels(out / "labels.tif").shape == slices.shape


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--series", 2], "has no image 2"),
        (["--channel", 0], "has no channel 0"),
        (["--time", 2], "has no time point 2"),
        (["--slices", "2:9"], "its slices are 1 to 3"),
        (["--slices", "few"], "names no slices"),
        (["--voxel-size", -1], "is none"),
        (["--raw", "4x4"], "describes no raw file"),
        (["--raw", "4x4,uint8"], "more than 16 as described"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "segment"])
def test_what_is_not_in_a_file_cannot_be_chosen(sandseg, scan, out, command, option, message):
    outputs = ["-o", out / "labels.tif", "--model", "grey"] if command == "segment" else []

    assert_refused(sandseg(command, scan, *outputs, *option), message)
    assert list(out.iterdir()) == []


def test_a_file_that_must_be_chosen_from_says_by_which_option(sandseg, tmp_path):
    colors(tmp_path / "photo.tif")

    assert_refused(sandseg("inspect", tmp_path / "photo.tif"), "--channel 1 to 3")


def test_models_are_listed_under_the_names_they_are_asked_for(sandseg, monkeypatch, tmp_path):
    shutil.copytree(Path(os.environ["SANDSEG_MODELS"]) / "grey", tmp_path / "renamed")
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path))
    card = json.loads((tmp_path / "renamed" / "card.json").read_text())
    (tmp_path / "renamed" / "card.json").write_text(json.dumps(card | {"name": "model"}))

    (listed,) = json.loads(sandseg("models", "--json").out)

    assert (listed["name"], listed["title"]) == ("renamed", "Nearest grey value")
    assert "renamed" in sandseg("models").out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "huge"], 'no preset "huge"'),
        (["--epochs", 0], "epochs is 0"),
        (["--learning-rate", 7], "learning rate of 7"),
        (["--patch-size", 100], "patch of 100 px is no multiple"),
        (["--loss", "l2"], '"l2" is no loss'),
        (["--split", "row"], '"row" is no split'),
        (["--epochs", "many"], "--epochs"),
    ],
)
def test_a_training_with_impossible_settings_is_refused(sandseg, scan, out, options, message):
    assert_refused(sandseg("train", scan, scan, "--run", out / "run", *options), message)
    assert list(out.iterdir()) == []


def test_a_training_is_refused_when_half_of_it_is_missing(sandseg, scan, out):
    assert_refused(sandseg("train", scan, "--run", out / "run"), "labels of the images")
    assert_refused(sandseg("train", "--run", out / "run"), "holds no run")
    assert_refused(sandseg("train", scan, scan), "--run")


@pytest.mark.parametrize(
    "content", ["", "{}", '[{"name": "air"}]', '[{"name": "a", "color": "red"}]', "[1]"]
)
def test_classes_that_cannot_be_read_are_refused(sandseg, scan, out, content):
    (out / "classes.json").write_text(content)

    ended = sandseg("train", scan, scan, "--run", out / "run", "--classes", out / "classes.json")

    assert_refused(ended, "classes in classes.json cannot be read")
    assert not (out / "run").exists()


@pytest.mark.slow
def test_a_training_without_slices_or_labels_is_refused(sandseg, scan, out):
    (out / "none").mkdir()

    assert_refused(sandseg("train", out / "none", scan, "--run", out / "run"), "no slices")
    assert_refused(sandseg("train", scan, scan, "--run", out / "run"), "label")
    assert not (out / "run").exists()


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (KeyboardInterrupt(), 130, "Stopped"),
    ],
)
def test_what_comes_from_outside_ends_without_a_traceback(
    sandseg, scan, out, monkeypatch, error, code, message
):
    def fail(*_):
        raise error

    monkeypatch.setattr("sandseg.predict.segment.segment_file", fail)
    ended = sandseg("segment", scan, "-o", out / "labels.tif")

    assert ended.code == code
    assert message in ended.err


def test_a_bug_is_not_hidden(sandseg, scan, out, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("sandseg.predict.segment.segment_file", fail)
    monkeypatch.setattr(sys, "argv", ["sandseg", "segment", str(scan), "-o", str(out / "l.tif")])
    with pytest.raises(ZeroDivisionError):
        main()


def start(*words):
    command = [sys.executable, "-m", "sandseg", *(str(word) for word in words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def test_the_process_itself_ends_with_2_and_two_lines(tmp_path):
    (tmp_path / "scan.tif").write_text("no picture")

    process = start("inspect", tmp_path / "scan.tif")

    out, err = process.communicate(timeout=PATIENCE_S)
    assert_refused(Ended(process.returncode, out, err), "not a TIFF")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it.")
def test_a_segmentation_told_to_end_leaves_nothing_half_written(
    long_scan, out, grey_model_folder, monkeypatch
):
    monkeypatch.setenv("SANDSEG_MODELS", str(grey_model_folder))
    outputs = ["-o", out / "labels.tif", "--confidence", out / "c.tif", "--report", out / "r.json"]
    process = start("segment", long_scan, "--model", "grey", *outputs)
    end = time.monotonic() + PATIENCE_S
    while not any(out.iterdir()) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    assert {path.suffix for path in out.iterdir()} == {".part"}

    process.terminate()

    _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (143, "")
    assert list(out.iterdir()) == []


def test_a_setting_that_makes_no_sense_is_refused_before_anything_is_done(sandseg, monkeypatch):
    monkeypatch.setenv("SANDSEG_QUOTA_TOTAL", "abc")

    assert_refused(sandseg("models"), 'SANDSEG_QUOTA_TOTAL is "abc"', "SANDSEG_QUOTA_TOTAL=")


def test_a_setting_nobody_knows_is_a_warning(sandseg, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODEL", "elsewhere")

    ended = sandseg("models", "--json")

    assert ended.code == 0
    assert ended.err.startswith("warning: SANDSEG_MODEL is no setting of SandSeg")
    assert json.loads(ended.out)
