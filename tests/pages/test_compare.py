import io

import numpy as np
import pytest
import tifffile

from pages.comparison.words import slice_names
from pages.session.state import Source
from sandseg.data.samples import open_sample, sample_labels
from sandseg.grey.mapping import choose_mapping
from sandseg.model.store import list_models, write_card
from sandseg.predict.forest import ForestConfig, train_forest
from sandseg.predict.methods import find_method, list_methods, load_segmenter
from sandseg.score.comparison import disagreement

COMPARE = "pages/compare.py"
Z = 12


@pytest.fixture(autouse=True)
def _forest(models_dir):
    """A forest of three trees that has seen one slice of the phantom."""
    folder = models_dir / "random-forest"
    if folder.exists():
        return
    folder.mkdir()
    image, labels = open_sample("phantom").read_slice(20), sample_labels("phantom")[20]
    config = ForestConfig(n_trees=3, sigma_min=1, sigma_max=4, pixels_per_slice=4000)
    train_forest([image], [labels], config).save(folder / "forest.npz")
    write_card(folder, {"data": {"training_slices": ["phantom[20]"]}}, ["forest.npz"])


@pytest.fixture
def page(open_page):
    return open_page(COMPARE, slice=str(Z + 1))


def words(at):
    shown = [*at.markdown, *at.caption, *at.warning, *at.info]
    return (
        " ".join(element.value for element in shown)
        .replace("\\", "")
        .replace("\N{NO-BREAK SPACE}", " ")
    )


def table(at):
    return at.get("html")[0].proto.body


def viewers(at):
    parts = [element for element in at.get("bidi_component") if element.key != "copy-link"]
    return [element.proto.SerializeToString() for element in parts]


def chosen(at):
    return at.get("button_group")[0].value


def test_three_methods_stand_side_by_side_at_first(page):
    assert not page.exception
    assert not page.error
    assert chosen(page) == ["multi-otsu", "random-forest", "sandstone-compact"]
    for title in ("Multi-Otsu", "Random forest", "U-Net", "Truth"):
        assert f">{title}<" in table(page)
    assert len(viewers(page)) == 2


def test_the_slice_slider_comes_first(page):
    assert (page.slider[0].min, page.slider[0].max, page.slider[0].value) == (1, 64, Z + 1)


def test_a_sentence_says_first_which_method_is_best(page):
    sentence = page.markdown[0].value

    assert "on this slice" in sentence
    assert any(method in sentence.lower() for method in ("multi-otsu", "random forest", "u-net"))


def test_the_table_has_scores_with_intervals_times_and_fractions(page):
    for row in ("mean", "95 % interval", "clay", "seconds", "megapixels/s", "porosity"):
        assert row in table(page)


def test_the_difference_is_what_the_backend_computes(page):
    methods = list_methods()
    mapping = choose_mapping(open_sample("phantom"), list_models()[0].histogram)
    grey = mapping.apply(open_sample("phantom").read_slice(Z))
    labels = [
        load_segmenter(find_method(name, methods))(grey).labels
        for name in ("random-forest", "sandstone-compact")
    ]

    assert f"disagree on {100 * disagreement(*labels):.1f} % of the pixels" in words(page)


def test_another_pair_can_be_looked_at(page):
    before = viewers(page)

    page.selectbox(key="pair").set_value("multi-otsu~random-forest").run()

    assert not page.exception
    assert "Multi-Otsu and the random forest disagree" in words(page)
    assert viewers(page)[0] == before[0]
    assert viewers(page)[1] != before[1]


def test_the_address_opens_the_same_comparison(open_page):
    at = open_page(COMPARE, methods=["multi-otsu", "sandstone-compact"], slice="7")

    assert chosen(at) == ["multi-otsu", "sandstone-compact"]
    assert at.slider[0].value == 7
    assert "Random forest" not in table(at)


def test_foreign_values_in_the_address_change_nothing(open_page):
    at = open_page(COMPARE, methods=["<script>", "../x"], pair="a~b", slice="-3")

    assert not at.exception
    assert not at.error
    assert table(at)


def test_one_method_alone_is_no_comparison(page):
    page.get("button_group")[0].set_value(["multi-otsu"]).run()

    assert not page.exception
    assert "second method" in words(page)


def test_the_page_says_when_a_method_has_seen_the_slice(page):
    assert "learned from this very slice" not in words(page)

    page.slider[0].set_value(21).run()

    assert "The random forest learned from this very slice" in words(page)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "n_slices", "name"),
    [
        (Source("sandstone", "Real", "sandstone", numbers=("0", "50", "7", "0150")), 4, "0150"),
        (Source("phantom", "Synthetic sandstone", "phantom"), 64, "phantom[3]"),
        (Source("file-1", "mine.tif", "/somewhere/x.tif"), 64, "mine[3]"),
        (Source("file-1", "mine.tif", "/somewhere/x.tif"), 1, "mine"),
    ],
)
def test_a_slice_goes_by_the_name_a_card_lists(source, n_slices, name):
    assert name in slice_names(source, 3, n_slices)


def test_without_truth_the_methods_are_compared_with_each_other(page, rng):
    labels = np.kron(rng.integers(0, 4, (8, 8)), np.ones((8, 8), int))
    image = np.array([15, 82, 125, 242])[labels] + rng.normal(0, 3, (64, 64))
    page.file_uploader[0].upload("mine.tif", _tiff(np.clip(image, 0, 255)), "image/tiff").run()

    assert not page.exception
    assert not page.error
    assert "IoU" not in table(page)
    assert ">Truth<" not in table(page)
    assert "differ most" in page.markdown[0].value
    assert "Nobody labelled" in words(page)


def test_without_a_forest_the_other_methods_are_compared(open_page, models_dir):
    card = models_dir / "random-forest" / "card.json"
    text = card.read_text()
    card.unlink()

    at = open_page(COMPARE)
    card.write_text(text)

    assert not at.exception
    assert chosen(at) == ["multi-otsu", "sandstone-compact"]


def test_without_a_model_the_page_says_what_to_do(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path))

    at = open_page(COMPARE)

    assert not at.exception
    assert "There is no model" in at.error[0].value


def _tiff(image):
    handle = io.BytesIO()
    tifffile.imwrite(handle, image.astype(np.uint8), photometric="minisblack")
    return handle.getvalue()
