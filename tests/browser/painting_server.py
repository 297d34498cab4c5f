"""Serves the page of painting_app.py with the app's own routes for strokes."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from painting_lesson import lessons

from pages.components.painting import tickets
from pages.components.painting.route import paint_address, paint_routes


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Tell the page where strokes go."""
    tickets.open_at(paint_address())
    yield


async def events(request: Request) -> JSONResponse:
    """Answer with the events of a lesson, for tests."""
    lesson = lessons.get(request.path_params["lesson"])
    return JSONResponse(lesson.events if lesson else [])


routes = [*paint_routes(), Route("/api/events/{lesson}", events)]
app = st.App("painting_app.py", routes=routes, lifespan=lifespan)
