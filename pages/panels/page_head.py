"""The first line of a page: its title, what is shown of it, and the link to it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.words.numbers import plain


def head_row() -> DeltaGenerator:
    """Return a line over the picture; what it holds spreads over its width."""
    return st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    )


def page_head(title: str) -> DeltaGenerator:
    """Begin a page with its title; the rest of the line is the page's."""
    row = head_row()
    row.title(plain(title), anchor=False, width="content")
    return row
