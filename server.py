"""The app with routes for large uploads and for strokes: what `make run` and the container start.

`streamlit run app.py` serves the same pages, but there an upload lies in memory and nobody paints.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit import cli_util, config
from streamlit.web.server import server_util

from pages.components.painting import tickets as paint_tickets
from pages.components.painting.route import paint_address, paint_routes
from pages.components.uploader import tickets as upload_tickets
from pages.components.uploader.route import upload_address, upload_route
from pages.server.connections import limit_connections
from pages.server.guards import guards
from pages.server.sessions import let_go_of_sessions
from pages.server.settings_check import check_or_leave, protect_trainings
from sandseg.runs.queue import advance_queue

check_or_leave()


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Tell the pages about the routes, shut the way around it, and open a desktop's browser.

    Trainings that waited when the last server went begin, though nobody looks yet.
    """
    limit_connections()
    upload_tickets.open_at(upload_address())
    paint_tickets.open_at(paint_address())
    config.set_option("server.maxUploadSize", 0)  # no page asks for Streamlit's own uploads now
    protect_trainings(config.get_option("server.address"))
    advance_queue()
    if not config.get_option("server.headless"):
        address = config.get_option("server.address") or "localhost"
        cli_util.open_browser(server_util.get_url(server_util.get_display_address(address)))
    closing = asyncio.create_task(let_go_of_sessions())
    yield
    closing.cancel()
    upload_tickets.open_at("")
    paint_tickets.open_at("")


routes = [upload_route(), *paint_routes()]
app = st.App("app.py", routes=routes, lifespan=lifespan, middleware=guards())
