"""Ask a visitor for files. Where the upload route is served they go to the disk as they come, by a
component of our own; else they pass through memory by Streamlit's."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from pages.components.uploader.tickets import address, issue
from pages.session.visit import visit
from sandseg.errors import SandsegError
from sandseg.scan.limits import size_text
from sandseg.uploads import workspace
from sandseg.uploads.receive import Arrived, Wanted, broken, receive

_HERE = Path(__file__).parent
OnFiles = Callable[[Sequence[Arrived]], None]

_mount = st.components.v2.component(
    "sandseg_uploader",
    html='<div class="sandseg-uploader"></div>\n',
    css=(_HERE / "uploader.css").read_text("utf-8"),
    js=(_HERE / "uploader.js").read_text("utf-8"),
    isolate_styles=False,  # a script that fills in the page finds the field as it finds Streamlit's
)


def ask_upload(
    label: str,
    name: str,
    wanted: Wanted,
    on_files: OnFiles,
    *,
    refusal_key: str,
    help: str = "",
) -> None:
    """Ask for files.

    Args:
        label: What for.
        name: Of this uploader on its page.
        wanted: Which files are accepted.
        on_files: Called before the next run with files that arrived, all in one folder of the
            visit; they are its own now. If it raises `SandsegError`, the folder is removed.
        refusal_key: Where in the session the reason is kept for which files were refused.
        help: More about the files.
    """
    if address():
        _ask_by_route(label, name, wanted, partial(_take, name, on_files, refusal_key), help)
        return
    key = f"{name}-{st.session_state.get(_count_key(name), 0)}"
    st.file_uploader(
        label,
        type=list(wanted.suffixes),
        accept_multiple_files=wanted.is_many,
        key=key,
        on_change=_receive,
        args=(name, key, wanted, on_files, refusal_key),
        help=help or None,
    )


def _ask_by_route(
    label: str, name: str, wanted: Wanted, on_sent: Callable[[], None], help: str
) -> None:
    ticket = st.session_state.get(_ticket_key(name))
    if ticket is None:
        ticket = st.session_state[_ticket_key(name)] = issue(visit(), wanted)
    kinds = wanted.kinds or ", ".join(wanted.suffixes).upper()
    _mount(
        key=f"upload-{name}",
        data={
            "address": address() + ticket.id,
            "label": label,
            "button": "Choose files" if wanted.is_many else "Choose a file",
            "terms": f"Up to {size_text(wanted.most_bytes)} · {kinds}",
            "accept": ",".join(f".{suffix}" for suffix in wanted.suffixes),
            "isMany": wanted.is_many,
            "help": help,
        },
        on_sent_change=on_sent,
        on_cancelled_change=partial(_forget, name),
    )


def _take(name: str, on_files: OnFiles, refusal_key: str) -> None:
    """See what came of a ticket; the next run issues a new one."""
    ticket = st.session_state.pop(_ticket_key(name), None)
    if ticket is None:
        return
    if ticket.files:
        _hand_over(ticket.files, on_files, refusal_key)
    else:
        st.session_state[refusal_key] = ticket.refusal or broken()


def _forget(name: str) -> None:
    """Drop what came before the visitor changed their mind."""
    ticket = st.session_state.pop(_ticket_key(name), None)
    if ticket is not None:
        _discard(ticket.files)


def _receive(name: str, key: str, wanted: Wanted, on_files: OnFiles, refusal_key: str) -> None:
    """Keep what Streamlit has in memory; another key for its uploader frees the bytes."""
    st.session_state[_count_key(name)] = st.session_state.get(_count_key(name), 0) + 1
    found = st.session_state.get(key) or []
    found = found if isinstance(found, list) else [found]
    if not found:
        return
    try:
        files = receive(visit().folder, [(file.name, file.getbuffer()) for file in found], wanted)
    except SandsegError as error:
        st.session_state[refusal_key] = error
        return
    _hand_over(files, on_files, refusal_key)


def _hand_over(files: Sequence[Arrived], on_files: OnFiles, refusal_key: str) -> None:
    try:
        on_files(files)
    except SandsegError as error:
        _discard(files)
        st.session_state[refusal_key] = error


def _discard(files: Sequence[Arrived]) -> None:
    if files:
        workspace.remove_folder(files[0].path.parent)


def _ticket_key(name: str) -> str:
    return f"ticket-{name}"


def _count_key(name: str) -> str:
    return f"n-{name}"
