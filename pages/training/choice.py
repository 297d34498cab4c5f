"""Which training a visitor looks at: one that runs or ran, one kept with a model, or a new one."""

import time
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.replay import EPOCH, forget_epoch
from pages.session import address
from pages.training.access import forget_refusal, may_change
from sandseg.model.store import StoredModel
from sandseg.runs.folder import RunStatus

RUN, REPLAY = "run", "replay"  # stand in the address
NEW = "new"
SHOWN, WIDGET = "shown_training", "training"
CHOICE_WIDTH = 420  # screen pixels


def choose_training(
    found: Sequence[RunStatus], kept: Sequence[StoredModel], is_on: bool, notes: DeltaGenerator
) -> str:
    """Ask which training to show: "new", "run:…" or "replay:…", "" where there is none.

    Of the runs there are the visitor's own, and the one their link leads to. `notes` is where it
    stands that a link leads to none.
    """
    mine = [status for status in found if may_change(status.id)]
    linked = st.query_params.get(RUN, "")
    found = [status for status in found if status in mine or status.id == linked]
    titles = {NEW: "A new training"} if is_on else {}
    titles |= {f"{RUN}:{status.id}": _run_title(status) for status in found}
    titles |= {f"{REPLAY}:{model.name}": f"Replay: {model.title}" for model in kept}
    titles = address.distinct(titles)
    if not titles:
        return ""
    _adopt(titles, mine, notes)
    if len(titles) > 1:
        st.session_state[WIDGET] = st.session_state[SHOWN]
        st.selectbox(
            "Training",
            list(titles),
            format_func=titles.get,
            key=WIDGET,
            on_change=_take,
            label_visibility="collapsed",
            width=CHOICE_WIDTH,
        )
    chosen = st.session_state[SHOWN]
    kind, _, name = chosen.partition(":")
    address.write(RUN, [name] if kind == RUN else [])
    address.write(REPLAY, [name] if kind == REPLAY else [])
    return chosen


def show_next(choice: str) -> None:
    """Show another training in the next run."""
    _leave()
    st.session_state[SHOWN] = choice


def forget_choice() -> None:
    """Show what a visitor sees first."""
    _leave()
    st.session_state.pop(SHOWN, None)


def _take() -> None:
    show_next(st.session_state[WIDGET])


def _leave() -> None:
    forget_epoch()
    address.write(EPOCH, [])
    forget_refusal()


def _adopt(titles: dict[str, str], found: Sequence[RunStatus], notes: DeltaGenerator) -> None:
    """Choose what the address names, else what was chosen before, else what goes on now."""
    for kind in (RUN, REPLAY):
        says = address.read(kind)
        if says:
            wanted = f"{kind}:{says[-1]}"
            if wanted in titles:
                st.session_state[SHOWN] = wanted
            else:
                notes.info("The training this link names is not here any more.")
                address.read(EPOCH)  # it is none of another training
    if st.session_state.get(SHOWN) not in titles:
        at_work = [status for status in found if status.is_active and status.state != "queued"]
        first = next(iter([*at_work, *found]), None)
        st.session_state[SHOWN] = f"{RUN}:{first.id}" if first else next(iter(titles))


def _run_title(status: RunStatus) -> str:
    return f"{status.title} · {time.strftime('%d %b, %H:%M', time.localtime(status.created))}"
