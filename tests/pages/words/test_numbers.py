import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.words.numbers import bare, between, in_lines, plain, score, sure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9438, "0.944"),
        (0.9949, "0.995"),
        (0.995, "0.995"),
        (0.99996, "0.999"),
        (1.0, "1.000"),
        (0.0, "0.000"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_only_what_has_no_error_is_called_perfect(value, text):
    assert score(value) == text


def test_an_interval_stands_below_its_score():
    assert sure(0.9521, 0.9482, 0.9551) == "0.952\n0.948–0.955"
    assert in_lines(sure(0.9521, 0.9482, 0.9551)) == "0.952<small>0.948–0.955</small>"
    assert in_lines("<b>") == "&lt;b&gt;"


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_where_there_is_no_interval_there_is_a_dash(nothing):
    assert between(nothing, nothing) == "–"


@pytest.mark.parametrize(
    "text",
    [
        "www.evil.example.tif",
        "WWW.evil.example",
        "a@evil.example.tif",
        "see http://evil.example/x",
        "HTTPS://evil.example",
    ],
)
def test_an_address_in_a_name_becomes_no_link(text):
    shown = plain(text)

    assert not re.search(r"(?i)https?\\?://|www\.|[-.\w+]+@[-\w]+\.", shown)
    assert re.sub("[\\\\\u2060]", "", shown) == text


@pytest.mark.parametrize(
    "text",
    [
        "![x](y)",
        ":material/key:",
        "$a$",
        "<b>",
        "**b**",
        "# h",
        "&lt;",
        "- a",
        "1. a",
        "--",
        "=",
        "7) b",
    ],
)
def test_signs_of_markdown_are_escaped(text):
    assert re.sub(r"\\(.)", r"\1", plain(text)) == text
    assert plain(text) != text


def test_nothing_turns_the_direction_of_what_follows():
    assert plain("scan\u202egnp.tif") == "scangnp.tif"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r\n\u2028here", "two lines here"),
        ("scan\u202egnp.tif", "scangnp.tif"),
        ("a\u200b\ufeff\u00ad\u2060\U000e0041b", "ab"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u200d\u200c", ""),
        ("100\xa0%", "100\xa0%"),
        ("\x00\x1b[31mred", "[31mred"),
    ],
)
def test_text_is_one_line_of_what_can_be_seen(text, shown):
    assert bare(text) == shown
    assert re.sub(r"\\(.)", r"\1", plain(text)) == shown


@given(st.text())
def test_plain_text_holds_what_was_meant_and_nothing_else(text):
    shown = plain(text)

    assert re.sub(r"\\(.)|\u2060", r"\1", shown) == bare(text)
    assert "\n" not in shown
