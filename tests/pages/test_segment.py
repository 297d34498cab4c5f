import io
import struct

import numpy as np
import pytest
import tifffile

from pages.cache.rocks import open_source
from sandseg.classes import SANDSTONE
from sandseg.export.tiff import labels_tiff_bytes

SEGMENT = "pages/segment.py"


def tiff(array, **options):
    handle = io.BytesIO()
    tifffile.imwrite(handle, array, **{"photometric": "minisblack", **options})
    return handle.getvalue()


def declared(width, height):
    """A TIFF of 122 bytes that says it is huge."""
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (279, 100)]
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + b"\0" * 28


def two_sizes():
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for size in (64, 80):
            writer.write(np.arange(size * size, dtype=np.uint8).reshape(size, size))
    return handle.getvalue()


def rock(rng, shape=(3, 64, 64)):
    labels = np.kron(rng.integers(0, 4, (shape[0], 8, 8)), np.ones((1, 8, 8), int))
    grey = np.array([15, 82, 125, 242])[labels] + rng.normal(0, 3, shape)
    return np.clip(grey, 0, 255).astype(np.uint8), labels.astype(np.uint8)


@pytest.fixture
def page(open_page):
    return open_page(SEGMENT)


def words(at):
    return " ".join(caption.value for caption in at.caption).replace("\\", "")


def shown(at):
    """The bytes the viewer got: they differ when the picture differs."""
    viewers = [part for part in at.get("bidi_component") if part.key == "segment-viewer"]
    return viewers[0].proto.SerializeToString()


def grey_values(at):
    """The line that says how grey values reach the model; more is in it when it is opened."""
    return next(box for box in at.expander if "rey values" in box.label)


def upload(at, content, name="mine.tif", which=0):
    at.file_uploader[which].upload(name, content, "image/tiff").run()
    return at


def test_an_empty_session_sees_the_sample_segmented(page):
    assert not page.exception
    assert not page.error
    assert "64 slices of 256 × 256 pixels" in words(page)
    assert "voxel size 2.23 µm" in words(page)
    assert page.get("bidi_component")


def test_the_slice_slider_comes_first_and_counts_from_one(page):
    slider = page.slider[0]

    assert (slider.min, slider.max, slider.value) == (1, 64, 33)


def test_another_slice_is_another_picture(page):
    before = shown(page)

    page.slider[0].set_value(7).run()

    assert not page.exception
    assert shown(page) != before


def test_the_address_chooses_the_slice(open_page):
    assert open_page(SEGMENT, slice="7").slider[0].value == 7


def test_foreign_values_in_the_address_change_nothing(open_page):
    at = open_page(SEGMENT, slice="9999", sample="<script>", model="../../etc/passwd")

    assert not at.exception
    assert not at.error
    assert at.selectbox(key="sample").value == "phantom"
    assert 1 <= at.slider[0].value <= 64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a picture at all", "not a TIFF"),
        (b"", "is empty"),
        (tiff(np.arange(4096, dtype=np.uint8).reshape(64, 64))[:2000], "cut off|damaged"),
        (declared(100_000, 100_000), "damaged|cut off|pixels"),
        (tiff(np.full((64, 64), 7, np.uint8)), "nothing to segment"),
        (tiff(np.full((64, 64), np.nan, np.float32)), "number"),
    ],
    ids=["text", "empty", "truncated", "huge", "one value", "NaN"],
)
def test_a_file_that_cannot_be_segmented_is_refused_and_nothing_is_lost(page, content, message):
    before = shown(page)

    upload(page, content)

    assert not page.exception
    assert any(part in page.error[0].value.replace("\\", "") for part in message.split("|")), (
        page.error[0].value
    )
    assert page.info[0].value
    assert page.selectbox(key="sample").value == "phantom"
    assert shown(page) == before


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (
            tiff(
                np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), photometric="rgb"
            ),
            "Channel",
        ),
        (two_sizes(), "Image"),
    ],
    ids=["photo", "two sizes"],
)
def test_a_file_that_is_not_one_grey_stack_is_chosen_from(page, content, kind):
    upload(page, content)
    assert page.selectbox(key="sample").value == "phantom"

    next(box for box in page.selectbox if box.label == kind).set_value(1)
    next(button for button in page.button if button.label == "Open").click().run()

    assert not page.error
    assert page.selectbox(key="sample").value != "phantom"
    assert "mine.tif" in page.selectbox(key="sample").options


def test_raw_voxels_are_opened_as_their_name_says_and_may_be_read_another_way(page, rng):
    image, _ = rock(rng)
    upload(page, b"head" + image.tobytes(), "mine_64x64x3_8bit.raw")
    opening = next(button for button in page.button if button.label == "Open these voxels")
    assert opening.disabled
    assert "These make 12,288 bytes; the file has 12,292." in page.warning[0].value

    next(box for box in page.number_input if "header" in box.label).set_value(4).run()
    next(button for button in page.button if button.label == "Open these voxels").click().run()

    assert not page.error
    assert not page.exception
    assert "3 slices of 64 × 64 pixels" in words(page)


def test_a_refusal_is_gone_with_the_next_step(page):
    upload(page, b"not a picture")

    page.slider[0].set_value(3).run()

    assert not page.error


def test_an_uploaded_stack_is_chosen_and_segmented(page, rng):
    image, _ = rock(rng)

    upload(page, tiff(image), "my [rock].tif")

    assert not page.exception
    assert not page.error
    assert page.slider[0].max == 3
    assert page.selectbox(key="sample").options[-1] == "my [rock].tif"
    assert page.selectbox(key="sample").value not in ("", "phantom")


def test_sixteen_bit_values_are_mapped_and_the_page_says_how(page, rng):
    image, _ = rock(rng)

    upload(page, tiff(image.astype(np.uint16) * 40 + 9000))

    assert not page.exception
    assert "mapped to black" in grey_values(page).label


@pytest.mark.parametrize("other", ["browse", "evaluate"])
def test_what_is_chosen_for_the_grey_values_holds_on_the_other_pages(open_page, other):
    page = open_page("pages/segment.py", sample="phantom", grey="10,200")
    shown = page.selectbox(key="sample").value

    page.switch_page(f"pages/{other}.py").run()

    assert not page.exception
    assert page.selectbox(key="sample").value == shown
    said = [caption.value for caption in page.caption]
    assert "As chosen on Segment: grey values mapped by hand." in said


def test_grey_values_are_one_calm_line_that_opens(page):
    assert " · " in grey_values(page).label
    assert not page.get("vega_lite_chart")

    page.session_state["grey-values"] = True
    page.run()

    assert not page.exception
    assert len(page.get("vega_lite_chart")) == 1


def test_a_scan_unlike_what_the_model_knows_is_not_to_be_trusted(page, rng):
    upload(page, tiff(rng.choice([0, 255], (2, 64, 64)).astype(np.uint8)))

    assert not page.exception
    assert "Do not trust the labels." in page.warning[0].value
    assert "do not trust" in grey_values(page).label


def test_the_address_says_how_grey_values_are_mapped(open_page):
    at = open_page(SEGMENT, grey="20,230")

    assert not at.exception
    assert "Grey values 20 to 230" in grey_values(at).label


@pytest.mark.parametrize("grey", ["nonsense", "5,5", "1,2,3", "nan,1"])
def test_a_foreign_mapping_in_the_address_changes_nothing(open_page, grey):
    at = open_page(SEGMENT, grey=grey)

    assert not at.exception
    assert not at.error
    assert at.query_params.get("grey") in (None, [])


def test_the_samples_stay_within_reach_after_an_upload(page, rng):
    upload(page, tiff(rock(rng)[0]))

    page.selectbox(key="sample").set_value("phantom").run()

    assert not page.exception
    assert page.slider[0].max == 64


def test_a_voxel_size_that_is_unknown_stays_so(page, rng, tmp_path):
    upload(page, tiff(rock(rng)[0], resolution=(4000, 4000), resolutionunit="CENTIMETER"))
    assert "voxel size 2.5 µm" in words(page)

    page.session_state["read"] = True
    page.run()
    page.number_input[0].set_value(0.0).run()
    for i in range(40):  # others open more stacks than are kept open
        (tmp_path / f"{i}.tif").write_bytes(tiff(rock(rng)[0]))
        open_source(str(tmp_path / f"{i}.tif"))
    page.run()

    assert not page.exception
    assert "voxel size unknown" in words(page)


def test_labels_bring_the_scores(page, rng):
    image, labels = rock(rng)
    upload(page, tiff(image))
    assert "IoU" not in page.get("html")[0].proto.body

    upload(page, labels_tiff_bytes(labels, SANDSTONE), "labels.tif", which=1)

    assert not page.error
    assert "mean IoU" in page.get("html")[0].proto.body


def test_labels_of_another_size_are_refused(page, rng):
    upload(page, tiff(rock(rng)[0]))

    upload(page, labels_tiff_bytes(np.ones((2, 32, 32), np.uint8)), "labels.tif", which=1)

    assert not page.exception
    assert "but the labels are" in page.error[0].value


def test_confidence_can_be_seen(page):
    before = shown(page)

    page.segmented_control(key="view").set_value("confidence").run()

    assert not page.exception
    assert shown(page) != before


def test_without_a_model_the_page_says_what_to_do(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path))

    at = open_page(SEGMENT)

    assert not at.exception
    assert "There is no model" in at.error[0].value


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.arange(8 * 70_000).reshape(8, 70_000).astype(np.uint16), "70,000 pixels long"),
        ((np.arange(4096).reshape(64, 64) * 1e-43).astype(np.float32), "do not tell apart"),
    ],
    ids=["too long", "too faint"],
)
def test_slices_that_no_browser_can_show_are_refused_and_the_old_ones_stay(open_page, image, says):
    at = open_page(SEGMENT)
    before = at.selectbox[0].value

    at.file_uploader[0].upload("odd.tif", tiff(image), "image/tiff").run()

    assert not at.exception
    assert says in at.error[0].value
    assert at.selectbox[0].value == before
