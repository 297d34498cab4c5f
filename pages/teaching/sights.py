"""What networks see of the slices that lessons are about, kept for all lessons in bounded memory.

Thirty students who paint on one sample share one sight of each slice.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from pages.cache.models import find_model
from pages.cache.rocks import open_source, stack_of
from pages.cache.slices import predictor_of
from pages.cache.store import kept
from pages.cache.task import Task
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.sight import Sight, look
from sandseg.predict.slices import Predictor
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.taught_model import network_of

MOST_BYTES = 640 * 10**6  # eleven slices of 1024 × 996
IDLE_S = 300.0  # after which a sight that nobody used is let go of
MAKER_BYTES = 96 * 2**20  # compiled for some sizes of tile


class Sights:
    """The sights that were used last, by slice and by the way it is brought to its model."""

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._kept: OrderedDict[Hashable, tuple[Sight, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._most_bytes = most_bytes

    @property
    def n_bytes(self) -> int:
        """Memory of all that is kept."""
        return sum(sight.n_bytes for sight, _ in list(self._kept.values()))

    def find(self, task: Task, z: int) -> Sight | None:
        """Return a sight if it is at hand."""
        name = task, z
        with self._lock:
            if name not in self._kept:
                return None
            sight, _ = self._kept[name]
            self._kept[name] = sight, time.monotonic()
            self._kept.move_to_end(name)
            return sight

    def at_hand(self, task: Task) -> dict[int, Sight]:
        """Return the sights of a task that are at hand, by slice."""
        with self._lock:
            return {z: sight for (of, z), (sight, _) in self._kept.items() if of == task}

    def make(self, task: Task, z: int) -> Sight:
        """Return a sight; it takes a second or two where it is not at hand.

        Raises:
            SandsegError: The slice is damaged, or cannot be brought to the model.
        """
        sight = self.find(task, z)
        if sight is None:
            image = open_source(task.source).read_slice(z)
            sight = look(_predictor(task), _maker(task.model_name, task.model_sha256), image)
            self._keep((task, z), sight)
        return sight

    def forget_idle(self, idle_s: float = IDLE_S) -> None:
        """Let go of what nobody has used for so long."""
        last = time.monotonic() - idle_s
        with self._lock:
            for name in [name for name, (_, used_at) in self._kept.items() if used_at <= last]:
                del self._kept[name]

    def _keep(self, name: Hashable, sight: Sight) -> None:
        with self._lock:
            room = self._most_bytes - sight.n_bytes
            while self._kept and self.n_bytes > room:
                self._kept.popitem(last=False)
            self._kept[name] = sight, time.monotonic()  # even if it alone is larger: it is needed


def _predictor(task: Task) -> Predictor:
    """Return how slices reach the network: a taught model's own, as the command line has it."""
    return _of_taught(task) if find_model(task.model_name).is_taught else predictor_of(task)


@kept(weight=MAKER_BYTES)
def _of_taught(task: Task) -> Predictor:
    network = network_of(find_model(task.model_name))
    return ready_predictor(stack_of(task), network, task.treatment)


@kept(weight=MAKER_BYTES)
def _maker(model_name: str, _model_sha256: str) -> FeatureMaker:
    return FeatureMaker(find_model(model_name))


sights = Sights()
