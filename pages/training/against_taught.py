"""A network that strokes trained, beside the classifier that they teach at once."""

import streamlit as st

from pages.words.numbers import plain
from sandseg.model.store import StoredModel
from sandseg.score.paired import Paired

WHAT = (
    "Share of the held-back strokes that is labelled as painted, a mean over the classes; a whole "
    "stroke is one observation. Neither learned from these strokes."
)


def show_against_taught(model: StoredModel) -> None:
    """Show which of the two finds more of the strokes that were held back from both."""
    facts = model.card.get("against_taught")
    found = Paired.from_facts(facts)
    if found is None:
        if isinstance(facts, dict) and isinstance(facts.get("missing"), str):
            st.caption(plain(facts["missing"]))
        return
    rows = ["| on held-back strokes | found | 95 % interval |", "|:--|--:|--:|"]
    for name, one in (("this network", found.network), ("the taught classifier", found.taught)):
        rows.append(f"| {name} | {one.accuracy:.2f} | {one.low:.2f} to {one.high:.2f} |")
    st.markdown("\n".join(rows), help=WHAT)
    st.caption(found.verdict)
