"""What the model of a lesson knows already, from the strokes that taught it before."""

from collections.abc import Collection, Mapping

import numpy as np

from pages.cache.models import find_model
from pages.cache.rocks import open_source
from pages.cache.store import kept
from pages.cache.task import Task
from pages.lessons.learning import Taught, learn
from pages.words.numbers import plain
from sandseg.classes import SegmentationClass
from sandseg.predict.earlier import Earlier, earlier_of, painted_before
from sandseg.predict.teaching import Painted, joined
from sandseg.teach.examples import Example, digest_of_slice
from sandseg.teach.taught_model import load_classifier


class Before:
    """What a task's model was taught with, beneath what is painted now; nothing of a trained one.

    Raises:
        SandsegError: The model is damaged, or was taught before this was kept.
    """

    def __init__(self, task: Task):
        self._task = task
        self._model = find_model(task.model_name)
        self._known = known_to(task)

    def __bool__(self) -> bool:
        return bool(self._known.examples)

    def learn(
        self,
        painted: Mapping[int, Painted],
        classes: tuple[SegmentationClass, ...],
        n: int,
        n_corrected: int = 0,
    ) -> Taught | None:
        """Learn from all strokes, as `learning.learn` does; with none now the model is as it was.

        Raises:
            SandsegError: Nothing can be learned, or the model knows other classes.
        """
        self._known.check(classes)
        if self and not painted:
            return Taught(n, load_classifier(self._model), classes)
        return learn(self.joined_with(painted), classes, n, n_corrected)

    def under(self, z: int, values: np.ndarray) -> np.ndarray:
        """Return what is painted on slice z over what was painted on the very same one before."""
        return self._known.under(self.digest(z), values) if self else values

    def joined_with(self, painted: Mapping[int, Painted]) -> dict[int, Painted]:
        """Return what is painted now, and on other slices before."""
        return painted_before(self.besides(painted)) | dict(painted)

    def besides(self, painted: Collection[int]) -> dict[int, Example]:
        """Return what was painted on other slices than these before, by its place."""
        if not self:
            return {}
        return self._known.placed(open_source(self._task.source), painted, self.digest)

    def digest(self, z: int) -> str:
        """Tell slice z from all others."""
        return _digest(self._task.source, z)

    @property
    def words(self) -> str:
        """Say in a sentence what the model brings along; "" where it was not taught."""
        if not self:
            return ""
        examples = self._known.examples
        n = int(joined(self.joined_with({})).counts(len(self._known.classes))[0].sum())
        n_scans = len({(one.image, one.shape) for one in examples})
        strokes, scans = f"{n} stroke{'s' * (n != 1)}", f"{n_scans} scan{'s' * (n_scans != 1)}"
        name = plain(self._known.name)
        return f"{name} knows {strokes} on {scans}. They count on, beneath yours."


def known_to(task: Task) -> Earlier:
    """Return what a task's model was taught with; raises as `Before` does."""
    return _known_to(task.model_name, task.model_sha256)


@kept()
def _known_to(model_name: str, _sha256: str) -> Earlier:
    return earlier_of(find_model(model_name))


@kept()
def _digest(source: str, z: int) -> str:
    return digest_of_slice(open_source(source).read_slice(z))
