import json
from dataclasses import replace

import numpy as np
import pytest
from tifffile import TiffFile

from sandseg.config import Treatment
from sandseg.errors import LabelError, ModelError, SandsegError, StackError
from sandseg.export.tiff import write_image, write_labels
from sandseg.model.request import Origin, SegmentRequest
from sandseg.predict.segment import segment_file
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.scan.read_options import ReadOptions


@pytest.fixture(autouse=True)
def _grey_model(grey_model_folder, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(grey_model_folder))


@pytest.fixture
def slices(grey_noise):
    return grey_noise(3, 40, 50)


@pytest.fixture
def request_for(tmp_path, slices):
    """Asks for all outputs in a folder of their own."""
    write_image(tmp_path / "scan.tif", slices, 2.5)
    out = tmp_path / "out"
    out.mkdir()
    return SegmentRequest(
        tmp_path / "scan.tif",
        out / "labels.tif",
        out / "confidence.tif",
        out / "report.json",
        model="grey",
        treatment=Treatment("identity"),
    )


def written(request):
    return sorted(path.name for path in request.labels.parent.iterdir())


def test_labels_confidence_and_report_are_written(request_for, slices, nearest_grey):
    told = []

    report = segment_file(request_for, told.append)

    assert written(request_for) == ["confidence.tif", "labels.tif", "report.json"]
    assert json.loads(request_for.report.read_text()) == report
    np.testing.assert_array_equal(read_labels(request_for.labels), nearest_grey(slices / 255))
    with open_stack(request_for.confidence) as confidence, open_stack(request_for.source) as scan:
        assert (confidence.shape, confidence.dtype) == (scan.shape, np.float32)
        assert confidence.voxel_size_um == scan.voxel_size_um == 2.5
        values = np.stack([confidence.read_slice(z) for z in range(3)])
    assert 0.25 <= values.min() <= values.max() <= 1
    assert [progress.n_done for progress in told] == [1, 2, 3]


def test_the_report_holds_what_the_labels_hold(request_for):
    report = segment_file(request_for)

    labels = read_labels(request_for.labels)
    names = ["air", "clay", "quartz", "pyrite"]
    shares = np.bincount(labels.ravel(), minlength=4) / labels.size
    assert report["model"] == "grey"
    assert report["phase_fractions"] == pytest.approx(
        dict(zip(names, shares, strict=True)), abs=1e-6
    )
    assert report["porosity"] == pytest.approx(shares[0], abs=1e-6)
    assert sum(report["phase_fractions"].values()) == pytest.approx(1, abs=1e-5)
    assert np.mean([row["phase_fractions"]["clay"] for row in report["slices"]]) == pytest.approx(
        shares[1], abs=1e-6
    )
    assert report["seconds"] >= 0
    assert report["megapixels_per_second"] > 0
    assert isinstance(report["warnings"], list)
    assert "iou" not in report


def test_a_stack_and_its_slices_one_by_one_get_the_same_labels(request_for, slices, tmp_path):
    segment_file(request_for)

    for image, labels in zip(slices, read_labels(request_for.labels), strict=True):
        write_image(tmp_path / "one.tif", [image])
        segment_file(replace(request_for, source=tmp_path / "one.tif"))
        np.testing.assert_array_equal(read_labels(request_for.labels)[0], labels)


def test_labels_compared_with_themselves_are_perfect(request_for, slices, nearest_grey, tmp_path):
    write_labels(tmp_path / "true.tif", nearest_grey(slices / 255))

    report = segment_file(replace(request_for, truth=tmp_path / "true.tif"))

    assert set(report["iou"].values()) == {1.0}
    assert (report["mean_iou"], report["accuracy"]) == (1, 1)
    assert np.trace(report["confusion_matrix"]) == slices.size


def test_a_part_of_a_scan_gets_the_labels_it_has_in_the_whole(request_for, slices, tmp_path):
    request = replace(request_for, treatment=Treatment())  # found by looking at the whole scan
    segment_file(request)
    whole = read_labels(request.labels)
    write_labels(tmp_path / "true.tif", whole)
    part = replace(request, read_options=ReadOptions(slices=(2, 3)), truth=tmp_path / "true.tif")

    report = segment_file(part)

    np.testing.assert_array_equal(read_labels(request.labels), whole[1:])
    assert report["accuracy"] == 1


def test_the_voxel_size_that_is_given_is_kept_in_every_output(request_for):
    segment_file(replace(request_for, read_options=ReadOptions(voxel_size_um=7.5)))

    for path in (request_for.labels, request_for.confidence):
        with TiffFile(path) as tif:
            dots, per = tif.pages.first.tags["XResolution"].value
        assert 1e4 * per / dots == pytest.approx(7.5)


@pytest.mark.slow
def test_brightness_is_evened_out_when_asked_and_the_report_says_by_how_much(request_for, rng):
    quartz = 0.5 * np.linspace(0.7, 1.3, 500) + rng.normal(0, 0.01, (2, 400, 500))
    write_image(request_for.source, (255 * quartz).astype(np.uint8))

    assert segment_file(request_for)["drift_evened_out"] == 0
    assert not (read_labels(request_for.labels) == 2).all()
    report = segment_file(replace(request_for, treatment=Treatment("identity", is_evened=True)))

    assert report["drift_evened_out"] == pytest.approx(0.58, abs=0.1)
    assert (read_labels(request_for.labels) == 2).all()


def test_a_folder_of_slices_is_segmented_like_the_stack(request_for, slices, tmp_path):
    segment_file(request_for)
    whole = read_labels(request_for.labels)
    folder = tmp_path / "slices"
    folder.mkdir()
    for z, image in enumerate(slices):
        write_image(folder / f"slice{z}.tif", [image])

    segment_file(replace(request_for, source=folder))

    np.testing.assert_array_equal(read_labels(request_for.labels), whole)
    with pytest.raises(SandsegError, match="would be overwritten"):
        segment_file(replace(request_for, source=folder, labels=folder / "slice1.tif"))


def test_what_must_be_doubted_of_the_files_reaches_the_report(request_for, slices, tmp_path):
    folder = tmp_path / "slices"
    folder.mkdir()
    for number, image in zip((4, 5, 7), slices, strict=True):
        write_image(folder / f"s{number}.tif", image[None])
    known = ReadOptions(warnings=("Made of JPEG files.",))

    report = segment_file(replace(request_for, source=folder, read_options=known))

    assert report["warnings"][0].startswith('"s7.tif" follows "s5.tif": slice 6 seems')
    assert report["warnings"][1] == "Made of JPEG files."


def test_only_the_files_asked_for_are_written(request_for):
    segment_file(replace(request_for, confidence=None, report=None))

    assert written(request_for) == ["labels.tif"]


def test_labels_of_another_size_are_refused_before_the_work(request_for, tmp_path):
    write_labels(tmp_path / "true.tif", np.zeros((2, 40, 50), np.uint8))

    with pytest.raises(LabelError, match="3 slices of 40 × 50 pixels, but the labels are 2 slices"):
        segment_file(replace(request_for, truth=tmp_path / "true.tif"))
    assert written(request_for) == []


@pytest.mark.parametrize("output", ["labels", "confidence", "report"])
def test_an_output_that_cannot_be_written_is_refused_before_the_work(request_for, output, tmp_path):
    def fail(_):
        raise AssertionError("a slice was segmented")

    for path, reason in ((tmp_path / "no" / "x", "no such folder"), (tmp_path, "it is a folder")):
        with pytest.raises(SandsegError, match=f"cannot be written: .*{reason}") as caught:
            segment_file(replace(request_for, **{output: path}), fail)
        assert caught.value.hint
    assert written(request_for) == []


@pytest.mark.parametrize("output", ["labels", "confidence", "report"])
def test_the_scan_is_never_overwritten(request_for, output):
    before = request_for.source.read_bytes()
    roundabout = request_for.labels.parent / ".." / request_for.source.name

    with pytest.raises(SandsegError, match="would be overwritten"):
        segment_file(replace(request_for, **{output: roundabout}))
    assert request_for.source.read_bytes() == before
    assert written(request_for) == []


def test_two_outputs_in_one_file_are_refused(request_for):
    with pytest.raises(SandsegError, match="already named as another output"):
        segment_file(replace(request_for, confidence=request_for.labels))


def test_a_stack_without_numbers_leaves_nothing(request_for, slices):
    write_image(request_for.source, np.full(slices.shape, np.nan, np.float32))

    with pytest.raises(StackError, match="No pixel of this stack holds a number"):
        segment_file(request_for)
    assert written(request_for) == []


def test_an_error_leaves_older_results_as_they_were(request_for, slices):
    segment_file(request_for)
    before = {
        name: (request_for.labels.parent / name).read_bytes() for name in written(request_for)
    }
    write_image(request_for.source, np.full(slices.shape, np.nan, np.float32))

    with pytest.raises(StackError):
        segment_file(request_for)
    assert {n: (request_for.labels.parent / n).read_bytes() for n in written(request_for)} == before


def test_a_missing_model_and_engine_are_named(request_for):
    with pytest.raises(ModelError, match='no model "none"'):
        segment_file(replace(request_for, model="none"))
    with pytest.raises(ModelError, match='no engine "none"'):
        segment_file(replace(request_for, engine="none"))
    assert written(request_for) == []


def info_of(path):
    with TiffFile(path) as tif:
        return tif.imagej_metadata["Info"]


def test_labels_and_confidence_say_what_they_are_and_how_they_were_made(request_for):
    report = segment_file(request_for)

    for path in (request_for.labels, request_for.confidence):
        lines = info_of(path).splitlines()
        for line in (
            "file: scan.tif",
            "slices: 1 to 3",
            "voxel_size_z_um: 2.5",
            f"model_sha256: {report['model_sha256']}",
            f"verdict: {report['domain']['verdict']}",
            f"created: {report['created']}",
            f"command: {request_for.command}",
        ):
            assert line in lines
    assert "label 0 = air (pores)" in info_of(request_for.labels)
    assert report["command"] == request_for.command


def test_a_copy_is_called_what_its_owner_calls_it(request_for):
    origin = Origin("a rock", ("0050", "0100", "0300"), "its slices lie apart", "make it again")

    report = segment_file(replace(request_for, origin=origin))

    assert (report["source"], report["command"]) == ("a rock", "make it again")
    assert [row["slice"] for row in report["slices"]] == ["0050", "0100", "0300"]
    assert report["connected_note"] == "its slices lie apart"
    assert "slices: 0050 to 0300" in info_of(request_for.labels)


def test_the_pores_of_a_stack_are_joined_through_its_slices(request_for, rng):
    grey = rng.integers(115, 135, (6, 40, 50), np.uint8)  # quartz
    grey[:, 20, 20] = grey[3, 8:16, 30] = 0  # a channel and a bubble
    grey[1, 30, :26] = grey[2, 30, 25:] = 0  # through along x
    write_image(request_for.source, grey)

    report = segment_file(request_for)

    n_voxels, n_pores = grey.size, 6 + 8 + 51
    assert report["open_porosity"] == pytest.approx(57 / n_voxels, abs=1e-6)
    assert report["closed_porosity"] == pytest.approx(8 / n_voxels, abs=1e-6)
    assert report["connected_porosity"] == pytest.approx(
        {"z": 6 / n_pores, "y": 0, "x": 51 / n_pores}, abs=1e-6
    )
    assert report["connected_box"] == {"z": [1, 6], "y": [1, 40], "x": [1, 50]}
    assert report["connected_note"] == ""


def test_of_one_slice_and_of_slices_with_a_gap_nothing_is_joined(request_for, slices, tmp_path):
    folder = tmp_path / "slices"
    folder.mkdir()
    for number, image in zip((1, 2, 4), slices, strict=True):
        write_image(folder / f"s{number}.tif", [image])

    gap = segment_file(replace(request_for, source=folder))
    single = segment_file(replace(request_for, read_options=ReadOptions(slices=(2, 2))))

    assert gap["connected_note"] == '"s4.tif" follows "s2.tif"'
    assert single["connected_note"] == "there is one slice only"
    for report in (gap, single):
        assert report["open_porosity"] is report["closed_porosity"] is None
        assert set(report["connected_porosity"].values()) == {None}
