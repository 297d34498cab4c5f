"""What a slice or a stack is made of, as every file that leaves tells it."""

import numpy as np

from pages.cache.greys import verdict_on
from pages.cache.models import find_model
from pages.cache.rocks import stack_of
from pages.cache.slices import mapping_of, prediction_of, slice_phases, zoom_of
from pages.cache.task import Task
from sandseg.export.report import (
    segmentation_report,
    treatment_facts,
    trust_facts,
    unseen_facts,
)
from sandseg.model.request import Origin


def slice_report(task: Task, z: int, origin: Origin) -> dict:
    """Return what a segmented slice is made of, as a run over its stack would tell it."""
    stack, found = stack_of(task), slice_phases(task, z)
    shown = stack if stack.n_slices == 1 else stack.part(z, z)
    model = find_model(task.model_name)
    unseen = prediction_of(task, z).unseen
    n_unseen = 0 if unseen is None else int(np.count_nonzero(unseen))
    report = segmentation_report(shown, model, mapping_of(task), found, zoom_of(task))
    report |= trust_facts(
        verdict_on(task), found, unseen_facts(n_unseen, int(np.prod(shown.shape)))
    )
    report |= treatment_facts(task.treatment)
    return report | {"source": origin.title, "command": origin.command}
