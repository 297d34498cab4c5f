"""The pictures of a comparison: a pane for each method, and where two of them differ."""

from itertools import combinations

import streamlit as st

from pages.cache.methods import Trial, difference_of, trial_phases, trial_pictures
from pages.cache.rocks import stack_of
from pages.cache.slices import exact_grey, grey_picture
from pages.cache.task import Task
from pages.charts.phases import clear_class
from pages.comparison import words
from pages.components.viewer import Display, Pane, Shown, viewer
from pages.session import address
from pages.words.numbers import plain
from sandseg.classes import SANDSTONE
from sandseg.predict.methods import Method
from sandseg.score.comparison import SAME, kind_classes

PAIR = "pair"  # key of a widget; it stands in the address too
GROUP = "comparison"  # panes and map show the same place
PANES_HEIGHT, MAP_HEIGHT = 480, 560


def show_panes(methods: list[Method], trials: list[Trial], shown: Task, truth: str) -> None:
    """Show what each method makes of the slice, linked, over the grey values of a task."""
    pictures = [trial_pictures(trial, truth) for trial in trials]
    last, z = trials[-1], trials[0].z
    grey = grey_picture(shown, z)
    viewer(
        [
            Pane(
                method.title,
                grey,
                found.labels,
                found.errors,
                note=words.pane_note(trial, truth),
            )
            for method, found, trial in zip(methods, pictures, trials, strict=True)
        ],
        Shown(0, 1, SANDSTONE, stack_of(shown).voxel_size_um, lambda: exact_grey(shown, z)),
        Display(
            clear_class=clear_class(trial_phases(last)),
            height=PANES_HEIGHT,
            group=GROUP,
        ),
        key="compare-viewer",
    )


def show_difference(methods: list[Method], trials: list[Trial], shown: Task, truth: str) -> None:
    """Show where two of the methods differ."""
    pairs = {
        f"{methods[i].name}~{methods[j].name}": (i, j)
        for i, j in combinations(range(len(methods)), 2)
    }
    titles = {name: " and ".join(methods[i].title for i in pair) for name, pair in pairs.items()}
    name = address.select("Where two differ", titles, PAIR, default=list(pairs)[-1])
    first, second = pairs[name]
    found = difference_of(trials[first], trials[second], truth)
    text = words.difference_text(methods[first], methods[second], found, bool(truth))
    st.markdown(plain(text.replace(" %", "\N{NO-BREAK SPACE}%")))
    viewer(
        [Pane(titles[name], grey_picture(shown, trials[0].z), found.picture)],
        Shown(
            0,
            1,
            kind_classes(methods[first].title, methods[second].title, bool(truth)),
            stack_of(shown).voxel_size_um,
        ),
        Display(opacity=1.0, clear_class=SAME, height=MAP_HEIGHT, group=GROUP),
        key="difference-viewer",
    )
