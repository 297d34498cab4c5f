"""How a visitor wants a stack to be brought to the model."""

from dataclasses import replace

from pages.cache.task import Task
from pages.session.state import Source, own
from sandseg.config import Treatment
from sandseg.measure.sample_shape import ALL, AUTO, CIRCLE, SampleShape
from sandseg.model.store import StoredModel


def treatment(source: Source) -> Treatment:
    """Return how this visitor wants a source to be brought to the model."""
    return own("treatments").get(source.id, Treatment())


def task_for(source: Source, model: StoredModel, job: str = "") -> Task:
    """Return all that the answer of a model to this visitor depends on."""
    how = treatment(source)
    return Task(source.place, model.name, model.sha256, job, how, source.voxel_size_um)


def treated_sample(source: Source) -> str:
    """Say where this visitor lets the sample of a source lie; "" where it is found by itself."""
    kind = SampleShape.parse(treatment(source).sample).kind
    said = {ALL: "the whole picture as the sample", CIRCLE: "the sample in a circle"}
    return "" if kind == AUTO else said.get(kind, "the sample in a box")


def treat(source: Source, **changes: str | bool) -> None:
    """Bring a source to the model in another way from now on."""
    own("treatments")[source.id] = replace(treatment(source), **changes)
