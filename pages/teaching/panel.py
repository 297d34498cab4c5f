"""What the page Teach says beside the picture: one thing at a time, and the numbers under it."""

import numpy as np
import streamlit as st

from pages.charts.phases import show_phases
from pages.charts.pores import show_porosity
from pages.panels.refusals import show_refusal
from pages.teaching.learner import Summary
from pages.words.lessons import next_words, strokes_text
from pages.words.numbers import percents


def show_words(summary: Summary) -> None:
    """Say what to do next, or how good what was learned is."""
    if summary.refusal:
        show_refusal(summary.refusal)
    elif words := next_words(summary.classes, summary.n_strokes):
        st.info(words, icon=":material/brush:")
    elif summary.score_words:
        st.markdown(summary.score_words)


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
