"""How a visitor wants a stack to be shown to the model."""

from dataclasses import astuple, dataclass, replace

from pages.cache.view import Task
from pages.session.state import Source, own
from sandseg.model.store import StoredModel


@dataclass(frozen=True)
class Treatment:
    """How slices are shown to a model: grey values as the command line names them, size, light."""

    grey: str = "auto"
    is_rescaled: bool = False
    is_evened: bool = False

    @property
    def options(self) -> list[str]:
        """The same on the command line."""
        chosen = {"--rescale": self.is_rescaled, "--even": self.is_evened}
        return [f"--grey={self.grey}", *(word for word, is_on in chosen.items() if is_on)]


def treatment(source: Source) -> Treatment:
    """Return how this visitor wants a source to be shown to the model."""
    return own("treatments").get(source.id, Treatment())


def task_for(source: Source, model: StoredModel, job: str = "") -> Task:
    """Return a source as this visitor wants it to be shown to a model."""
    return Task(source.place, model.name, model.sha256, job, *astuple(treatment(source)))


def treat(source: Source, **changes: str | bool) -> None:
    """Show a source to the model in another way from now on."""
    own("treatments")[source.id] = replace(treatment(source), **changes)
