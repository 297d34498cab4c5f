"""The app with a route for large uploads: what `make run` and the container start.

`streamlit run app.py` serves the same pages, but there an upload lies in memory.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit import cli_util, config
from streamlit.web.server import server_util

from pages.components.uploader.route import upload_address, upload_route
from pages.components.uploader.tickets import open_at
from pages.server.connections import limit_connections
from pages.server.guards import guards
from pages.server.settings_check import check_or_leave, protect_trainings
from sandseg.runs.queue import advance_queue

check_or_leave()


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Tell the pages about the route, shut the way around it, and open a desktop's browser.

    Trainings that waited when the last server went begin, though nobody looks yet.
    """
    limit_connections()
    open_at(upload_address())
    config.set_option("server.maxUploadSize", 0)  # no page asks for Streamlit's own uploads now
    protect_trainings(config.get_option("server.address"))
    advance_queue()
    if not config.get_option("server.headless"):
        address = config.get_option("server.address") or "localhost"
        cli_util.open_browser(server_util.get_url(server_util.get_display_address(address)))
    yield
    open_at("")


app = st.App("app.py", routes=[upload_route()], lifespan=lifespan, middleware=guards())
