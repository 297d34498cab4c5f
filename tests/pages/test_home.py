from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
HOME = "pages/home.py"


def texts(at):
    return " ".join(element.value for element in [*at.markdown, *at.caption])


def test_home_shows_a_segmented_slice_to_an_empty_session(open_page):
    at = open_page(HOME)

    assert not at.exception
    assert not at.error
    assert [title.value for title in at.title] == ["Sandstone, segmented."]
    assert len(at.get("bidi_component")) == 1
    assert "Porosity of the rock" in texts(at)


def test_home_says_how_good_the_model_is_with_its_interval(open_page):
    at = open_page(HOME)

    assert "On a slice it never saw, its mean IoU is 0.912" in texts(at)
    assert "0.901 to 0.923" in texts(at)


def test_the_card_says_what_the_model_was_tested_on_once_it_is_opened(open_page):
    at = open_page(HOME)
    assert "slice 0300" not in texts(at)

    at.session_state["card"] = True
    at.run()

    assert "slice 0300" in texts(at)


def test_home_without_a_model_says_what_to_do(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path))

    at = open_page(HOME)

    assert not at.exception
    assert "There is no model" in at.error[0].value
    assert "models/" in at.info[0].value


def test_home_stands_by_itself_where_app_py_never_ran(open_page):
    open_page(HOME)  # sets the models up

    at = AppTest.from_file(str(ROOT / HOME), default_timeout=120).run()

    assert not at.exception
    assert at.title


def test_where_the_real_rock_is_at_hand_home_shows_a_slice_kept_for_testing(
    open_page, sandstone_dir, monkeypatch
):
    open_page(HOME)
    monkeypatch.setenv("SANDSEG_DATA", str(sandstone_dir.parent))

    at = open_page(HOME)

    assert not at.exception
    assert "slice 0300 of a real sandstone, which it never saw" in texts(at)


def test_home_leads_to_segmenting_a_file(open_page):
    at = open_page(HOME)

    at.button[0].click().run()

    assert [title.value for title in at.title] == ["Segment"]
    assert at.file_uploader
