"""The app: page set-up, warm-up and navigation."""

import streamlit as st

from pages.server import navigation
from pages.server.warm_up import warm_up

st.set_page_config(page_title="SandSeg", page_icon=":material/grain:", layout="wide")
warm_up()
navigation.choose_page().run()
