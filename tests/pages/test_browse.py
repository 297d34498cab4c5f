import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from streamlit.testing.v1 import AppTest

from pages.cache import greys
from sandseg.classes import SANDSTONE
from sandseg.export import cuts as planes
from sandseg.export.tiff import labels_tiff_bytes

BROWSE = "pages/browse.py"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def page(open_page):
    return open_page(BROWSE)


def words(at):
    return " ".join(caption.value for caption in at.caption).replace("\\", "")


def shown(at):
    """The bytes the viewer got: they differ when the picture differs."""
    viewers = [part for part in at.get("bidi_component") if part.key.startswith("browse-")]
    return viewers[0].proto.SerializeToString()


def cuts(at):
    """What the two side views got, XZ first; nothing where the stack is not cut."""
    found = [part.proto for part in at.get("bidi_component") if part.key == "side-views"]
    return json.loads(found[0].json) if found else []


def side_views(at):
    return [cut["picture"] for cut in cuts(at)]


def tiff(array, **options):
    handle = io.BytesIO()
    tifffile.imwrite(handle, array, **{"photometric": "minisblack", **options})
    return handle.getvalue()


def rock(rng, shape=(6, 48, 40)):
    labels = rng.integers(0, 4, shape).astype(np.uint8)
    return np.array([15, 82, 125, 242], np.uint8)[labels], labels


def upload(at, content, name="mine.tif", which=0):
    at.file_uploader[which].upload(name, content, "image/tiff").run()
    return at


def test_an_empty_session_sees_the_sample_from_three_sides(page):
    assert not page.exception
    assert not page.error
    assert [part.key for part in page.get("bidi_component")] == [
        "copy-link",
        "browse-phantom",
        "side-views",
    ]
    assert len(page.image) == 1  # the contact sheet


def test_the_facts_say_what_the_stack_is_and_where_it_is_from(page):
    said = words(page)

    assert "64 slices of 256 × 256 pixels, 8-bit" in said
    assert "voxel size 2.23 µm" in said
    assert re.search(r"grey values \d+ to \d+", said)
    assert "made-up rock" in said


def test_the_side_views_say_where_they_are_cut_and_have_the_proportions_of_the_rock(page):
    xz, yz = cuts(page)

    assert (xz["plane"], xz["cut"]) == ("XZ", "cut at y 128")
    assert (yz["plane"], yz["cut"]) == ("YZ", "cut at x 128")
    assert xz["n"] == yz["n"] == [256, 64]


def test_another_slice_moves_the_picture_and_the_lines(page):
    before = shown(page)

    page.slider[0].set_value(7).run()

    assert not page.exception
    assert shown(page) != before
    assert [cut["at"] for cut in cuts(page)] == [[128, 6], [128, 6]]


def test_another_cut_changes_the_side_views(page):
    before = side_views(page)

    page.session_state["y"] = 20
    page.run()

    assert not page.exception
    assert side_views(page)[0] != before[0]
    assert cuts(page)[1]["at"] == [20, 32]  # the line where it crosses the other one
    assert page.query_params["y"] == "20"


def test_the_address_holds_slice_cuts_and_options(open_page):
    at = open_page(BROWSE, slice="7", x="31", y="200", of="stack", log="true")

    assert not at.exception
    assert at.slider[0].value == 7
    assert [cut["cut"] for cut in cuts(at)] == ["cut at y 200", "cut at x 31"]
    assert at.segmented_control(key="of").value == "stack"
    assert at.toggle(key="log").value


def test_foreign_values_in_the_address_change_nothing(open_page):
    at = open_page(BROWSE, slice="9999", x="-4", y="<script>", of="all", sample="../x", model="x")

    assert not at.exception
    assert not at.error
    assert at.selectbox(key="sample").value == "phantom"
    assert 1 <= at.slider[0].value <= 64
    assert [cut["cut"] for cut in cuts(at)] == ["cut at y 128", "cut at x 128"]


def test_a_thumbnail_leads_to_its_slice(page):
    page.pills(key="jump").set_value(64).run()

    assert not page.exception
    assert page.slider[0].value == 64
    assert page.pills(key="jump").value is None


def test_the_whole_stack_is_looked_through_once(page, monkeypatch):
    def again(*_):
        raise AssertionError("The stack is read again.")

    monkeypatch.setattr(greys, "survey_stack", again)
    monkeypatch.setattr(planes, "display_volume", again)
    monkeypatch.setattr(planes, "contact_sheet", again)

    page.slider[0].set_value(3).run()

    assert not page.exception


def test_an_uploaded_stack_is_shown_from_three_sides(page, rng):
    page.session_state["x"] = 250
    page.run()

    upload(page, tiff(rock(rng)[0]), "my [rock].tif")

    assert not page.exception
    assert not page.error
    assert page.slider[0].max == 6
    assert cuts(page)[0]["at"] == [20, 3]  # 250 is outside of it
    assert len(page.image) == 1
    assert 'From your file "my [rock].tif"' in words(page)


def test_labels_of_ones_own_color_the_stack(page, rng):
    image, labels = rock(rng)
    upload(page, tiff(image))
    before, sides = shown(page), side_views(page)

    upload(page, labels_tiff_bytes(labels, SANDSTONE), "labels.tif", which=1)

    assert not page.exception
    assert not page.error
    assert shown(page) != before
    assert side_views(page) != sides


def test_a_single_slice_has_no_side_views(page, rng):
    upload(page, tiff(rock(rng, (1, 48, 40))[0][0]))

    assert not page.exception
    assert not page.slider
    assert not page.image


def test_a_stack_one_pixel_wide_can_be_looked_at(page, rng):
    upload(page, tiff(rock(rng, (5, 48, 1))[0]))

    assert not page.exception


def test_a_very_large_stack_is_shown_slice_by_slice_and_the_page_says_why(page, rng, monkeypatch):
    monkeypatch.setattr(planes, "LARGEST_VOLUME", 10_000)

    upload(page, tiff(rock(rng)[0]))

    assert not page.exception
    assert "slice by slice" in words(page)
    assert len(page.slider) == 1


def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_lost(page):
    before = shown(page)

    upload(page, b"not a picture at all")

    assert not page.exception
    assert "not a TIFF" in page.error[0].value
    assert shown(page) == before


@pytest.mark.parametrize(
    ("number", "part"),
    [("0000", "learned from this slice"), ("0300", "never saw this slice"), ("0180", "nothing")],
)
def test_of_a_real_slice_the_page_says_what_the_model_had_to_do_with_it(
    open_page, sandstone_dir, monkeypatch, number, part
):
    open_page(BROWSE)
    monkeypatch.setenv("SANDSEG_DATA", str(sandstone_dir.parent))

    at = open_page(BROWSE, sample=f"sandstone-{number}")

    assert not at.exception
    assert at.selectbox(key="sample").value == f"sandstone-{number}"
    assert part in words(at)
    assert "trained on slice 0000" in words(at)


def test_the_real_rock_is_one_press_away(page, mirror):
    page.button(key="get-sandstone").click().run()

    assert not page.exception
    assert not page.error
    assert page.selectbox(key="sample").value == "sandstone"
    assert page.slider[0].max == 7
    assert "Slice 0150 of the scan" in words(page)
    assert "trained on slice 0000" in words(page)
    assert "get-sandstone" not in [button.key for button in page.button]
    assert [slider.label for slider in page.slider] == ["Slice"]  # slices far apart are not cut


def test_without_internet_the_real_rock_is_refused_and_nothing_is_lost(page, monkeypatch):
    monkeypatch.setenv("SANDSEG_MIRROR", "http://127.0.0.1:9/")
    before = shown(page)

    page.button(key="get-sandstone").click().run()

    assert not page.exception
    assert "could not be downloaded" in page.error[0].value
    assert "internet" in page.info[0].value
    assert shown(page) == before


def test_without_a_model_the_page_says_what_to_do(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path))

    at = open_page(BROWSE)

    assert not at.exception
    assert "There is no model" in at.error[0].value


def test_the_page_stands_by_itself_where_app_py_never_ran(page):
    at = AppTest.from_file(ROOT / BROWSE)

    assert not at.run(timeout=120).exception


def test_home_leads_to_looking_around(open_page):
    at = open_page("pages/home.py")

    at.button[1].click().run()

    assert not at.exception
    assert [title.value for title in at.title] == ["Browse"]


def test_a_link_to_a_rock_that_is_gone_says_so_until_another_is_chosen(open_page):
    page = open_page(BROWSE, sample="never.was")

    assert any("is not here any more" in warning.value for warning in page.warning)
    page.run()
    assert any("is not here any more" in warning.value for warning in page.warning)
    page = open_page(BROWSE)
    assert not page.warning
