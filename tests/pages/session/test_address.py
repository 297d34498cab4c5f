"""An address carries ids, and what it carries is what the page shows."""

from streamlit.testing.v1 import AppTest

from pages.session.address import LONGEST, MOST, distinct

SEGMENT, EVALUATE, COMPARE = "pages/segment.py", "pages/evaluate.py", "pages/compare.py"
LIT = "light up in this slice"


def said(at):
    return " ".join(element.value for element in at.markdown)


def view(at):
    return at.segmented_control(key="view").value


def test_an_address_without_choices_stays_empty(open_page):
    assert not dict(open_page(SEGMENT).query_params)


def test_a_choice_stands_in_the_address_by_its_id_until_it_is_the_usual_one_again(open_page):
    at = open_page(SEGMENT)

    at.segmented_control(key="view").set_value("confidence").run()
    assert at.query_params["view"] == "confidence"

    at.segmented_control(key="view").set_value("labels").run()
    assert "view" not in at.query_params


def test_an_address_that_changes_later_counts_too(open_page):
    at = open_page(SEGMENT, view="confidence")
    assert view(at) == "confidence"

    at.query_params["view"] = "truth"
    at.run()
    assert view(at) == "truth"

    del at.query_params["view"]
    at.run()
    assert view(at) == "labels"


def test_of_an_address_without_end_no_more_is_kept_than_anybody_needs():
    def show():
        import streamlit as st

        from pages.session import address

        says = address.read("key")
        st.text(f"{len(says)} {max(map(len, says))}")

    at = AppTest.from_function(show)
    at.query_params["key"] = ["short", *["x"] * 900, "x" * 100_000, "the last one"]

    assert at.run().text[0].value == f"{MOST} {LONGEST}"
    assert at.session_state["address"].seen["key"][-1] == "the last one"


def test_foreign_ids_are_passed_over_and_leave_the_address(open_page):
    at = open_page(EVALUATE, panes="<b>", cell="clay~gold", errors_of="gold", scope="all")

    assert not at.exception
    assert not at.error
    assert LIT not in said(at)
    assert not dict(at.query_params)


def test_a_pressed_cell_of_the_matrix_stands_in_the_address(open_page):
    at = open_page(EVALUATE, cell="clay~quartz", errors_of="clay", panes="errors")

    assert not at.exception
    assert "of clay taken for quartz " + LIT in said(at)
    assert at.segmented_control(key="errors_of").value == "clay"
    assert at.query_params["cell"] == "clay~quartz"


def test_methods_are_kept_in_the_address_as_a_list(open_page):
    at = open_page(COMPARE, methods=["sandstone-compact", "multi-otsu"])

    assert sorted(at.get("button_group")[0].value) == ["multi-otsu", "sandstone-compact"]
    assert at.selectbox(key="pair").value == "multi-otsu~sandstone-compact"


def test_equal_titles_are_numbered_and_never_taken_for_one_another():
    titles = {"a": "scan.tif", "b": "scan.tif (2)", "c": "scan.tif", "d": "other"}

    shown = distinct(titles)

    assert list(shown) == list(titles)
    assert len({*shown.values()}) == len(titles)
    assert shown["a"] == "scan.tif"
