"""What the page Teach says beside the picture: one thing at a time, and the numbers under it."""

import numpy as np
import streamlit as st

from pages.charts.phases import show_phases
from pages.charts.pores import show_porosity
from pages.lessons.learning import Summary
from pages.panels.refusals import show_refusal
from pages.words.lessons import next_words, score_words, strokes_text
from pages.words.numbers import percents, plain


def show_words(summary: Summary, is_correction: bool) -> None:
    """Say what to do next, or how good what was learned is."""
    if summary.known:
        st.caption(summary.known)
        is_correction = True  # there is something to begin with
    if summary.refusal:
        show_refusal(summary.refusal)
    elif words := next_words(summary.classes, summary.n_strokes, is_correction):
        st.info(words, icon=":material/brush:")
    elif summary.score and summary.score.missing:
        st.caption(score_words(summary.score))
    elif summary.score:
        st.markdown(score_words(summary.score), help=plain(summary.score.meaning))


def show_numbers(summary: Summary) -> None:
    """Show how much of each class is painted, and what the slice is made of."""
    phases, classes = summary.phases, summary.classes
    shares = phases.phase_fractions if phases else np.full(len(classes), np.nan)
    columns = {
        "painted": list(map(strokes_text, summary.n_strokes, summary.n_pixels)),
        "this slice": percents(shares),
    }
    show_phases(columns, shares, classes)
    if phases and any(material.is_pore for material in classes):
        show_porosity(phases)
