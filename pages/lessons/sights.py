"""What networks see of the slices that lessons are about, kept for all lessons in bounded memory.

Thirty students who paint on one sample share one sight of each slice. Before all of a slice is seen
there may be glimpses of its parts; and scouts see a little of slices that nobody opened.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Hashable
from typing import Any

from pages.cache.models import find_model
from pages.cache.rocks import LOOKING, Work, hold, open_source, stack_of
from pages.cache.slices import predictor_of
from pages.cache.store import kept
from pages.cache.task import Task
from pages.components.painting.tickets import Look
from pages.lessons.learning import parts_of
from sandseg import memory
from sandseg.grey.survey import spread_slices
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.glimpse import Cell, Glimpses, Scout
from sandseg.predict.sight import Sight, look
from sandseg.predict.slices import Predictor
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.taught_model import network_of

MOST_BYTES = 580 * 10**6  # ten slices of 1024 × 996, and some parts of others
SEEING = Work("Learning on a slice of this size", 110)  # 57 of them are kept
IDLE_S = 300.0  # after which a sight that nobody used is let go of
MAKER_BYTES = 96 * 2**20  # compiled for some sizes of tile
N_SCOUTED = 12  # slices of a stack, evenly spread
LEFT_FREE = 72 * 10**6  # a slice may still be opened without that another is let go of
SIGHT, GLIMPSES, SCOUT = range(3)


class Sights:
    """What was used last, by slice and by the way it is brought to its model."""

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._kept: OrderedDict[Hashable, tuple[Sight | Glimpses | Scout, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._most_bytes = most_bytes

    @property
    def n_bytes(self) -> int:
        """Memory of all that is kept."""
        return sum(one.n_bytes for one, _ in list(self._kept.values()))

    def find(self, task: Task, z: int) -> Sight | None:
        """Return a sight if it is at hand."""
        return self._find((SIGHT, task, z))

    def known(self, task: Task, z: int) -> Sight | Glimpses | None:
        """Return a sight, or else what was seen of the slice before."""
        return self._find((SIGHT, task, z)) or self._find((GLIMPSES, task, z))

    def all_known(self, task: Task) -> dict[int, Sight | Glimpses]:
        """Return what is known of each slice of a task."""
        with self._lock:
            return {
                z: one
                for kind in (GLIMPSES, SIGHT)
                for (k, of, z), (one, _) in self._kept.items()
                if (k, of) == (kind, task)
            }

    def n_parts(self, task: Task, look: Look) -> int:
        """Tell by a number how much is known of what somebody sees; 0: nothing."""
        if look.axis == "z":
            return parts_of(self.known(task, look.z))
        return len(self.all_known(task))

    def make(self, task: Task, z: int) -> Sight:
        """Return a sight; it takes a second or two where it is not at hand.

        Raises:
            SandsegError: The slice is damaged, or cannot be brought to the model.
        """
        sight = self.find(task, z)
        if sight is None:
            how = _predictor(task), _maker(task.model_name, task.model_sha256)
            with hold(task.source, SEEING):
                sight = look(*how, open_source(task.source).read_slice(z))
            with self._lock:
                self._kept.pop((GLIMPSES, task, z), None)
            self._keep((SIGHT, task, z), sight)
        return sight

    def glance(self, task: Task, z: int, cells: Collection[Cell]) -> Glimpses:
        """Look at some cells of a slice, beside those already seen; raises as `make` does."""
        found = self._find((GLIMPSES, task, z))
        if found is None:
            predictor = _predictor(task)
            with hold(task.source, LOOKING):
                found = Glimpses(predictor, predictor.see(open_source(task.source).read_slice(z)))
        for cell in sorted(set(cells) - found.cells):
            found.add(_maker(task.model_name, task.model_sha256), cell)
        self._keep((GLIMPSES, task, z), found)
        return found

    def scouts(self, task: Task) -> dict[int, Scout]:
        """Return the scouts of a task that have seen all they are meant to."""
        with self._lock:
            found = [
                (z, one) for (k, of, z), (one, _) in self._kept.items() if (k, of) == (SCOUT, task)
            ]
        return {z: one for z, one in found if one.is_done and self._find((SCOUT, task, z))}

    def to_scout(self, task: Task, n_slices: int, but: Collection[int] = ()) -> int | None:
        """Return a slice that is not scouted yet `but` some: those at hand, then a spread of all.

        None where there is none, or no memory left that nothing else needs.
        """
        done = {*self.scouts(task), *but}
        has_room = self.n_bytes < self._most_bytes - LEFT_FREE
        spread = spread_slices(n_slices, N_SCOUTED) if has_room else []
        at_hand = [z for z, one in self.all_known(task).items() if isinstance(one, Sight)]
        return next((z for z in [*at_hand, *spread] if z not in done), None)

    def scout(self, task: Task, z: int) -> None:
        """Scout a slice a little further; raises as `make` does."""
        found, sight = self._find((SCOUT, task, z)), self.find(task, z)
        if found is None:
            predictor = _predictor(task)
            with hold(task.source, LOOKING):
                image = None if sight else open_source(task.source).read_slice(z)
                found = Scout(predictor, sight.seen if sight else predictor.see(image))
        if sight:
            found.take_all(sight)
        else:
            found.go_on(_maker(task.model_name, task.model_sha256))
        self._keep((SCOUT, task, z), found)

    def forget_idle(self, idle_s: float = IDLE_S) -> None:
        """Let go of what nobody has used for so long."""
        last = time.monotonic() - idle_s
        with self._lock:
            for name in [name for name, (_, used_at) in self._kept.items() if used_at <= last]:
                del self._kept[name]

    def _find(self, name: Hashable) -> Any:
        with self._lock:
            if name not in self._kept:
                return None
            one, _ = self._kept[name]
            self._kept[name] = one, time.monotonic()
            self._kept.move_to_end(name)
            return one

    def _keep(self, name: Hashable, one: Sight | Glimpses | Scout) -> None:
        with self._lock:
            self._kept.pop(name, None)
            room = self._most_bytes - one.n_bytes
            while self._kept and self.n_bytes > room:
                self._kept.popitem(last=False)
            self._kept[name] = one, time.monotonic()  # even if it alone is larger: it is needed


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


sights = Sights(memory.for_results(MOST_BYTES))
