"""The pictures of a comparison: a pane for each method, and where two of them differ."""

from itertools import combinations

import streamlit as st

from pages.cache import methods as cache_compare
from pages.cache import slices as cache
from pages.cache.greys import exact_grey
from pages.cache.methods import Trial
from pages.charts import phases as widgets
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


def show_panes(methods: list[Method], trials: list[Trial], grey: bytes, truth: str) -> None:
    """Show what each method makes of the slice, linked."""
    pictures = [cache_compare.pictures(task, truth) for task in trials]
    last, model = trials[-1], cache.list_models()[0]
    viewer(
        [
            Pane(
                method.title,
                grey,
                found.labels,
                found.errors,
                note=words.pane_note(task, truth),
            )
            for method, found, task in zip(methods, pictures, trials, strict=True)
        ],
        Shown(
            0,
            1,
            SANDSTONE,
            cache.open_source(last.source).voxel_size_um,
            lambda: exact_grey(last.source, last.z, model.name, model.sha256),
        ),
        Display(
            clear_class=widgets.clear_class(cache_compare.phases(last)),
            height=PANES_HEIGHT,
            group=GROUP,
        ),
        key="compare-viewer",
    )


def show_difference(methods: list[Method], trials: list[Trial], grey: bytes, truth: str) -> None:
    """Show where two of the methods differ."""
    pairs = {
        f"{methods[i].name}~{methods[j].name}": (i, j)
        for i, j in combinations(range(len(methods)), 2)
    }
    titles = {name: " and ".join(methods[i].title for i in pair) for name, pair in pairs.items()}
    name = address.select("Where two differ", titles, PAIR, default=list(pairs)[-1])
    first, second = pairs[name]
    found = cache_compare.difference(trials[first], trials[second], truth)
    text = words.difference_text(methods[first], methods[second], found, bool(truth))
    st.markdown(plain(text.replace(" %", "\N{NO-BREAK SPACE}%")))
    viewer(
        [Pane(titles[name], grey, found.picture)],
        Shown(
            0,
            1,
            kind_classes(methods[first].title, methods[second].title, bool(truth)),
            cache.open_source(trials[0].source).voxel_size_um,
        ),
        Display(opacity=1.0, clear_class=SAME, height=MAP_HEIGHT, group=GROUP),
        key="difference-viewer",
    )
