"""Serves the page of painting_app.py with the app's own routes for strokes."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from pages.components.painting import tickets
from pages.components.painting.route import paint_address, paint_routes


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Tell the page where strokes go."""
    tickets.open_at(paint_address())
    yield


app = st.App("painting_app.py", routes=paint_routes(), lifespan=lifespan)
