"""The right model for a rock, found once for all visitors."""

from dataclasses import replace

from pages.cache.greys import verdict_on
from pages.cache.models import list_models
from pages.session.state import Source
from pages.session.treatment import task_for, treatment
from sandseg.errors import SandsegError
from sandseg.predict.right_model import Choice, choose_between, models_to_choose_from


def right_model(source: Source) -> Choice | None:
    """Return the model for a rock as the visitor has it treated; None where there is no choice."""
    pair = models_to_choose_from(list_models())
    if not pair:
        return None
    usual, general = pair
    try:
        return choose_between(
            usual,
            general,
            treatment(source),
            lambda how: verdict_on(replace(task_for(source, usual), treatment=how)),
        )
    except SandsegError:
        return Choice(usual)  # what is wrong is said where the slice would be shown
