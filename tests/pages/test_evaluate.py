import csv
import io
import re

import numpy as np
import pytest
import tifffile
from PIL import Image

from pages.cache.errors import cell_pixels, slice_evaluation
from pages.cache.models import list_models
from pages.cache.task import Task
from pages.components import confusion
from pages.words.scans import seen_in
from sandseg.classes import IGNORED, SANDSTONE
from sandseg.scan.labels.colors import SANDSTONE_RGB
from tests.made_tiffs import zip_bytes

EVALUATE = "pages/evaluate.py"
CODINGS = {
    "0 to 3": lambda labels: labels,
    "1 to 4": lambda labels: labels + 1,
    "RGB": lambda labels: np.array(list(SANDSTONE_RGB), np.uint8)[labels],
}


def tiff(array, **options):
    handle = io.BytesIO()
    photometric = "rgb" if array.ndim == 4 else "minisblack"
    tifffile.imwrite(handle, array, photometric=photometric, **options)
    return handle.getvalue()


def rock(rng, n_slices=2, n_found=4):
    """Grey values and labels (Z, Y, X); the grey values of some pixels mislead."""
    labels = np.kron(rng.integers(0, n_found, (n_slices, 8, 8)), np.ones((1, 8, 8), int))
    seen = np.where(rng.random(labels.shape) < 0.1, rng.permutation(labels, axis=1), labels)
    return np.array([15, 82, 125, 242], np.uint8)[seen], labels.astype(np.uint8)


def upload(at, content, name, which):
    at.file_uploader[which].upload(name, content, "image/tiff").run()
    assert not at.exception
    return at


def scores(at):
    return next(body for body in (html.proto.body for html in at.get("html")) if "mean IoU" in body)


def ious(at):
    return re.findall(r"<td>(\d\.\d{3})</td>", scores(at))


@pytest.fixture
def page(open_page):
    return open_page(EVALUATE)


@pytest.fixture
def task(page):  # noqa: ARG001 - the page sets the models up
    model = list_models()[0]
    return Task("phantom", model.name, model.sha256)


def test_an_empty_session_sees_what_a_teacher_would_say(page):
    assert not page.exception
    assert not page.error
    assert re.search(r"hard|agree|invented|class", page.title[0].value)
    keys = [part.key for part in page.get("bidi_component")]
    assert keys == ["copy-link", "evaluate-viewer", "confusion"]
    assert page.get("vega_lite_chart")


def test_the_slice_slider_comes_first_and_counts_from_one(page):
    assert (page.slider[0].min, page.slider[0].max) == (1, 64)


def test_the_address_chooses_slice_matrix_and_scope(open_page):
    at = open_page(EVALUATE, slice="7", matrix=confusion.ROWS, scope="stack")

    assert at.slider[0].value == 7
    assert at.segmented_control(key="matrix").value == confusion.ROWS
    assert at.segmented_control(key="scope").value == "stack"


def test_foreign_values_in_the_address_change_nothing(open_page):
    at = open_page(EVALUATE, slice="-3", matrix="<b>", scope="x", panes="y", errors_of="z")

    assert not at.exception
    assert at.segmented_control(key="matrix").value == confusion.COUNTS


def test_all_slices_are_only_scored_once_they_are_segmented(page):
    page.segmented_control(key="scope").set_value("stack").run()

    assert not page.exception
    assert "Segment all 64 slices" in [button.label for button in page.button]
    assert any("those of this slice" in caption.value for caption in page.caption)


def test_a_stack_without_labels_invites(page, rng):
    upload(page, tiff(rock(rng)[0]), "rock.tif", 0)

    assert page.title[0].value == "Evaluate"
    assert "No labels for this stack yet" in page.info[0].value
    keys = [part.key for part in page.get("bidi_component")]
    assert keys == ["copy-link", "evaluate-viewer"]  # the prediction, but no matrix
    assert len(page.file_uploader) == 2


def test_labels_of_another_size_are_refused(page, rng):
    before = scores(page)

    upload(page, tiff(np.ones((2, 32, 32), np.uint8)), "labels.tif", 1)

    assert "but the labels are" in page.error[0].value
    assert scores(page) == before


@pytest.mark.slow
def test_every_coding_of_the_same_labels_gives_the_same_scores(page, rng):
    image, labels = rock(rng)
    upload(page, tiff(image), "rock.tif", 0)

    found = []
    for code in CODINGS.values():
        upload(page, tiff(code(labels).astype(np.uint8)), "labels.tif", 1)
        found.append(ious(page))

    assert len(found[0]) > 4
    assert found[1:] == found[:1] * 2


@pytest.mark.slow
def test_foreign_values_are_asked_for_and_then_give_the_same_scores(page, rng):
    image, labels = rock(rng)
    upload(page, tiff(image), "rock.tif", 0)
    upload(page, tiff(labels), "labels.tif", 1)
    expected = ious(page)

    upload(page, tiff((labels * 10 + 7).astype(np.uint16)), "other.tif", 1)
    meanings = [box for box in page.selectbox if box.label.startswith("Value ")]
    assert [box.label for box in meanings] == [f"Value {value} is" for value in (7, 17, 27, 37)]
    assert not page.error
    for box in meanings:
        box.set_value(2)
    submit(page)
    assert ious(page) != expected

    for label, box in enumerate(box for box in page.selectbox if box.label.startswith("Value ")):
        box.set_value(label)
    submit(page)
    assert ious(page) == expected


def submit(at):
    next(button for button in at.button if button.label == "Compare with these").click().run()
    assert not at.exception
    assert [error.value for error in at.error] == []


def test_too_many_foreign_values_are_refused(page, rng):
    image, _ = rock(rng)
    upload(page, tiff(image), "rock.tif", 0)

    upload(page, tiff(rng.integers(0, 99, image.shape).astype(np.uint8)), "grey.tif", 1)

    assert "holds the values" in page.error[0].value
    assert page.title[0].value == "Evaluate"


def test_a_class_that_does_not_occur_is_called_absent(page, rng):
    image, labels = rock(rng, n_found=3)
    upload(page, tiff(image), "rock.tif", 0)

    upload(page, tiff(labels), "labels.tif", 1)

    pyrite = re.search(r"pyrite</td>(.*?)</tr>", scores(page))[1]
    assert re.fullmatch(r"<td colspan[^>]*>absent[^<]*</td><td>0</td>", pyrite)


def test_a_slice_nobody_labelled_says_so(page, rng):
    image, labels = rock(rng)
    upload(page, tiff(image), "rock.tif", 0)
    labels[1] = IGNORED

    upload(page, tiff(labels), "labels.tif", 1)

    assert page.slider[0].value == 2
    assert "no pixel has a true label" in page.title[0].value


def test_as_many_pixels_light_up_as_the_cell_counts(task):
    matrix = slice_evaluation(task, 5, "phantom").matrix

    for row, column in np.ndindex(matrix.shape):
        picture, count = cell_pixels(task, 5, "phantom", row, column)
        lit = np.asarray(Image.open(io.BytesIO(picture)))
        assert count == np.count_nonzero(lit) == matrix[row, column]


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("0000", "train"),
        ("0050", "train"),
        ("0150", "validation"),
        ("0300", "test"),
        ("0180", ""),
    ],
)
def test_the_page_knows_what_the_model_was_trained_on(number, part):
    split = {"train": ["0000", "Sandstone_Versa0050"], "validation": ["0150"], "test": ["0300"]}

    assert seen_in(number, {"data": {"slices": split}}) == part
    assert seen_in(number, {}) == ""


@pytest.mark.parametrize("view", confusion.VIEWS)
def test_the_matrix_can_be_taken_home(view):
    matrix = np.array([[6, 2], [0, 0]])
    names = SANDSTONE[:2]

    rows = list(csv.reader(io.StringIO(confusion.matrix_csv(matrix, view, names))))

    assert rows[0] == ["true \\ predicted", "air", "clay"]
    first = {confusion.COUNTS: ["6", "2"], confusion.ROWS: ["0.75", "0.25"]}.get(
        view, ["1.0", "1.0"]
    )
    assert rows[1] == ["air", *first]
    assert rows[2][1:] == (["", ""] if view == confusion.ROWS else rows[2][1:])


def test_labels_of_some_slices_are_asked_about_and_then_scored_there_alone(page, rng):
    image, labels = rock(rng, n_slices=5)
    upload(page, tiff(image), "rock.tif", 0)

    upload(page, tiff(labels[[1, 3]]), "two.tif", 1)
    assert "labels of 2 slices of the stack. Of which?" in words(page)
    page.text_input(key=slices_key(page)).input("2, 4")
    press(page, "Compare with these")

    assert not page.error
    page.slider[0].set_value(2).run()
    partial = ious(page)
    upload(page, tiff(labels), "all.tif", 1)
    assert ious(page) == partial


def test_label_files_named_by_their_slices_need_no_more_than_a_yes(page, rng):
    image, labels = rock(rng, n_slices=5)
    upload(page, tiff(image), "rock.tif", 0)
    files = {f"slice{z}.tif": tiff(labels[z]) for z in (0, 3)}

    upload(page, zip_bytes(files), "labels.zip", 1)

    assert page.text_input(key=slices_key(page)).value == "1, 4"


def test_slices_that_do_not_fit_the_labels_are_refused_and_can_be_said_again(page, rng):
    image, labels = rock(rng, n_slices=5)
    upload(page, tiff(image), "rock.tif", 0)
    upload(page, tiff(labels[[1, 3]]), "two.tif", 1)

    for written in ("", "2", "2, 9"):
        page.text_input(key=slices_key(page)).input(written)
        press(page, "Compare with these")
        assert page.error

    page.text_input(key=slices_key(page)).input("2, 4")
    press(page, "Compare with these")
    assert not page.error


def test_unknown_colors_are_asked_about_with_each_main_color(page, rng):
    image, labels = rock(rng)
    upload(page, tiff(image), "rock.tif", 0)
    upload(page, tiff(labels), "values.tif", 1)
    expected = ious(page)
    colors = np.array([[40, 40, 40], [200, 120, 0], [230, 230, 230], [150, 0, 200]], np.uint8)

    upload(page, tiff(colors[labels]), "theirs.tif", 1)

    assert "What do the colors of these labels mean?" in words(page)
    shown = [box.label for box in page.selectbox if box.label.startswith("Color ")]
    assert sorted(shown) == sorted(f"Color #{bytes(color).hex()} is" for color in colors)
    for value, color in enumerate(colors):
        label = f"Color #{bytes(color).hex()} is"
        next(box for box in page.selectbox if box.label == label).set_value(value)
    press(page, "Compare with these")
    assert ious(page) == expected


def slices_key(page):
    return next(field.key for field in page.text_input if "label-slices" in (field.key or ""))


def press(page, label):
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception


def words(page):
    return " ".join(part.value for part in (*page.caption, *page.markdown, *page.info))
