"""What is known of a stack, in words: its facts, where it is from, what a model learned from it."""

from pages.cache import slices as cache
from pages.evaluation.views import seen_in
from pages.session.state import Source
from pages.words import scans as words
from sandseg.export.cuts import Survey
from sandseg.model.store import StoredModel
from sandseg.scan.formats import Stack

# What the model had to do with a slice, by its part of the split.
USES = {
    "train": "The model learned from this slice, so how well it does here proves little.",
    "validation": "The model did not learn from this slice, but was chosen by how well it does "
    "here.",
    "test": "The model never saw this slice: it is kept for testing.",
}


def facts_text(stack: Stack, survey: Survey, source: Source) -> str:
    """Say in one line what a stack is: shape, type, voxel size, grey values, where it is from."""
    some = f" in {survey.n_slices} of its slices" if survey.n_slices < stack.n_slices else ""
    greys = f"grey values {words.grey_value(survey.low)} to {words.grey_value(survey.high)}{some}"
    return f"{words.stack_facts(stack)}, {greys}. {_origin(source)}"


def split_text(source: Source, model: StoredModel) -> str:
    """Say whether a model learned from a slice of the real sandstone; "" for other rocks."""
    sample = next((sample for sample in cache.list_samples() if sample.key == source.id), None)
    split = model.card.get("data", {}).get("slices", {})
    if sample is None or sample.origin != "real" or not split:
        return ""
    parts = [
        f"{purpose} {words.slices_text(split[part])}"
        for part, purpose in (
            ("train", "trained on"),
            ("validation", "chosen by"),
            ("test", "tested on"),
        )
        if split.get(part)
    ]
    if len(source.numbers) > 1:
        return f"The model was {', '.join(parts)}."
    part = seen_in(source.numbers[0], model.card)
    use = USES.get(part, "The model has nothing to do with this slice.")
    return f"{use} It was {', '.join(parts)}."


def _origin(source: Source) -> str:
    sample = next((sample for sample in cache.list_samples() if sample.key == source.id), None)
    if sample is None:
        return f'From your file "{source.title}".'
    return sample.description.partition(";")[0].rstrip(".") + "."
