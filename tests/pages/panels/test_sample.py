"""The sample on the page Segment: said in a line, outlined in the viewer, corrected by numbers."""

import io
import json
import struct

import numpy as np
import pytest
import tifffile

SEGMENT = "pages/segment.py"
CIRCLE = "circle:120,130,60"


@pytest.fixture
def page(open_page):
    return open_page(SEGMENT)


def header(at):
    """What the viewer was told."""
    viewer = next(part for part in at.get("bidi_component") if part.key == "segment-viewer")
    data = viewer.proto.bytes
    (length,) = struct.unpack("<I", data[:4])
    return json.loads(data[4 : 4 + length])


def line(at):
    said = [part.value.replace("\\", "") for part in at.markdown]
    return next(words for words in said if words.startswith("Sample:"))


def within(at):
    """What the address says."""
    says = at.query_params.get("within", "")
    return says if isinstance(says, str) else "".join(says)


def rock(rng):
    labels = np.kron(rng.integers(0, 4, (16, 16)), np.ones((8, 8), int))
    grey = np.array([15, 82, 125, 242])[labels] + rng.normal(0, 3, (128, 128))
    return np.clip(grey, 1, 254).astype(np.uint8)


def tiff(image):
    handle = io.BytesIO()
    tifffile.imwrite(handle, image)
    return handle.getvalue()


def adjust(at, kind):
    at.toggle(key="sample-adjusted").set_value(True).run()
    control = next(c for c in at.segmented_control if c.label == "Where the sample lies")
    control.set_value(kind).run()
    return at


def fields(at, *labels):
    return [next(box for box in at.number_input if box.label == label) for label in labels]


def numbers(at):
    """The shares of the classes, as they stand on the page."""
    return next(part.proto.body for part in at.get("html") if "phases" in part.proto.body)


def test_the_sample_is_outlined_and_the_line_says_how_large_it_is(page):
    found = header(page)

    assert "found by itself · 5" in line(page)
    assert len(found["outline"]) == 1
    assert 40 < len(found["outline"][0]) < 600
    assert not found["shape"]


@pytest.mark.parametrize("view", ["confidence", "truth"])
def test_the_outline_stays_in_every_view(page, view):
    before = header(page)["outline"]

    page.segmented_control(key="view").set_value(view).run()

    assert header(page)["outline"] == before


def test_a_circle_begins_where_the_sample_was_found_and_is_in_the_address(page):
    adjust(page, "circle")

    x, y, radius = (box.value for box in fields(page, "X", "Y", "Radius"))
    text = f"circle:{x:g},{y:g},{radius:g}"
    assert not page.exception
    assert max(abs(x - 128), abs(y - 128), abs(radius - 109)) <= 2
    assert header(page)["shape"] == text
    assert within(page) == text
    assert "57.0 % of the picture" in line(page)


def test_what_is_written_into_the_fields_is_drawn_and_counted(page):
    adjust(page, "box")
    before = numbers(page)

    left, _, right, _ = fields(page, "Left", "Top", "Right", "Bottom")
    left.set_value(100.0).run()
    assert not page.error

    box = [field.value for field in fields(page, "Left", "Top", "Right", "Bottom")]
    assert box[0] == 100
    assert header(page)["shape"] == f"box:{','.join(f'{number:g}' for number in box)}"
    assert numbers(page) != before
    assert "Sample: box · " in line(page)


def test_the_whole_picture_has_no_outline(page, rng):
    page.file_uploader[0].upload("mine.tif", tiff(rock(rng)), "image/tiff").run()

    adjust(page, "all")

    assert line(page) == "Sample: whole picture"
    assert header(page)["outline"] == []
    assert not header(page)["shape"]
    assert within(page) == "all"


def test_what_is_painted_over_is_no_part_of_the_whole_picture(page):
    adjust(page, "all")

    assert line(page) == "Sample: whole picture · 76.0 % of it is seen"
    assert header(page)["outline"] == []


def test_back_to_automatic_is_as_before(page):
    before = numbers(page), header(page)["outline"], line(page)

    adjust(page, "circle")
    control = next(c for c in page.segmented_control if c.label == "Where the sample lies")
    control.set_value("auto").run()

    assert (numbers(page), header(page)["outline"], line(page)) == before
    assert not within(page)


def test_handles_are_shown_only_while_the_sample_is_adjusted(page):
    adjust(page, "circle")
    assert header(page)["shape"]

    page.toggle(key="sample-adjusted").set_value(False).run()

    assert not header(page)["shape"]
    assert header(page)["outline"]


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [("Radius", 0.0, "encloses no pixel"), ("X", 9999.0, "The sample cannot lie at")],
)
def test_a_circle_without_a_pixel_is_refused_and_nothing_changes(page, label, value, message):
    adjust(page, "circle")
    before = header(page)["shape"], numbers(page), fields(page, label)[0].value

    fields(page, label)[0].set_value(value).run()

    assert not page.exception
    assert message in page.error[0].value.replace("\\", "")
    assert page.info
    assert (header(page)["shape"], numbers(page), fields(page, label)[0].value) == before


def test_a_box_over_nothing_but_paint_is_refused(page, rng):
    image = rock(rng)
    image[:, :50] = 255
    page.file_uploader[0].upload("painted.tif", tiff(image), "image/tiff").run()
    adjust(page, "box")
    before = header(page)["outline"]

    fields(page, "Left")[0].set_value(0.0).run()
    fields(page, "Right")[0].set_value(20.0).run()

    assert not page.exception
    assert "painted over or missing" in page.error[0].value
    assert header(page)["outline"] == before


def test_a_link_shows_the_same_sample(open_page):
    at = open_page(SEGMENT, within=CIRCLE)

    assert line(at) == "Sample: circle · 17.2 % of the picture"  # π · 60² of 256² pixels
    assert within(at) == CIRCLE


@pytest.mark.parametrize(
    "text", ["<script>", "circle:1,2", "circle:1,2,nan", "box:5,5,1,1", "circle:9999,1,1", "auto"]
)
def test_a_foreign_sample_in_the_address_changes_nothing(open_page, text):
    at = open_page(SEGMENT, within=text)

    assert not at.exception
    assert not at.error
    assert "found by itself" in line(at)
    assert not within(at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CIRCLE, "the sample in a circle"),
        ("box:10,10,90,90", "the sample in a box"),
        ("all", "the whole picture as the sample"),
    ],
)
def test_other_pages_say_where_the_sample_lies(open_page, text, said):
    page = open_page(SEGMENT, within=text)

    page.switch_page("pages/browse.py").run()

    assert f"As chosen on Segment: {said}." in [caption.value for caption in page.caption]


def test_the_command_line_is_told_where_the_sample_lies(open_page):
    page = open_page(SEGMENT, within=CIRCLE)

    page.session_state["download"] = True
    page.run()

    assert f"--sample={CIRCLE}" in page.code[0].value
