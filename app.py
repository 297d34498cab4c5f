"""The app: page set-up, warm-up and navigation."""

import streamlit as st

from pages.shared import cache, navigation

st.set_page_config(page_title="SandSeg", page_icon=":material/grain:", layout="wide")
cache.warm_up()
navigation.choose_page().run()
