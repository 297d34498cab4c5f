"""The app: page set-up, warm-up and navigation."""

import streamlit as st

from pages.panels.refusals import user_errors
from pages.server import navigation
from pages.server.warm_up import warm_up

st.set_page_config(page_title="SandSeg", page_icon=navigation.ICON, layout="wide")
with user_errors():
    warm_up()
navigation.choose_page().run()
