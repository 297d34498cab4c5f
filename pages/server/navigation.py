"""Which pages there are, and how one of them is reached."""

from pathlib import Path

import streamlit as st

from pages.cache.trainings import is_offered
from pages.panels.refusals import user_errors
from pages.server.warm_up import warm_up
from pages.session import address

HOME = Path(__file__).parents[1] / "home.py"
SEGMENT = HOME.with_name("segment.py")
TEACH = HOME.with_name("teach.py")
EVALUATE = HOME.with_name("evaluate.py")
BROWSE = HOME.with_name("browse.py")
COMPARE = HOME.with_name("compare.py")
TRAIN = HOME.with_name("train.py")
ICON = str(
    Path(__file__).with_name("icon.svg")
)  # on the browser's tab; Streamlit's own come from Google
_STYLE = f"<style>{Path(__file__).with_name('page.css').read_text('utf-8')}</style>"


def choose_page():  # noqa: ANN201 - Streamlit's type of a page is private
    """Draw the menu and return the page the visitor asked for."""
    st.session_state["is_routed"] = True
    pages = [
        st.Page(HOME, title="Home", icon=":material/home:", default=True),
        st.Page(BROWSE, title="Browse", icon=":material/view_in_ar:", url_path="browse"),
        st.Page(SEGMENT, title="Segment", icon=":material/layers:", url_path="segment"),
        st.Page(TEACH, title="Teach", icon=":material/brush:", url_path="teach"),
        st.Page(EVALUATE, title="Evaluate", icon=":material/rule:", url_path="evaluate"),
        st.Page(COMPARE, title="Compare", icon=":material/compare:", url_path="compare"),
    ]
    if is_offered():
        pages.append(st.Page(TRAIN, title="Train", icon=":material/school:", url_path="train"))
    page = st.navigation(pages, position="top")
    address.turn_to(page.url_path)
    return page


def start_page() -> None:
    """Make sure the app is set up: the first call of every page.

    A page opened by its address in a server nobody visited yet runs without app.py.
    """
    if "is_routed" not in st.session_state:
        st.set_page_config(page_title="SandSeg", page_icon=ICON, layout="wide")
        with user_errors():
            warm_up()
        choose_page()
    address.start()
    st.html(_STYLE)
