"""What a taught model was taught with before, to be taught on."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.errors import TeachError
from sandseg.model.store import StoredModel
from sandseg.predict.teaching import Painted
from sandseg.scan.stack import Stack
from sandseg.teach.examples import Example, picked_pixels, read_examples
from sandseg.teach.painting.parting import Pixels, stroke_numbers
from sandseg.teach.taught_model import EXAMPLES


@dataclass(frozen=True, eq=False)
class Earlier:
    """The slices that a model of some name and classes was taught on; none for a trained one."""

    name: str
    classes: tuple[SegmentationClass, ...]
    examples: tuple[Example, ...] = ()
    is_correction: bool = False

    def check(self, classes: Sequence[SegmentationClass]) -> None:
        """Check that classes begin with those the model knows.

        Raises:
            TeachError: They do not, so its strokes would mean something else.
        """
        if not self.examples:
            return
        known, given = ([one.name for one in some] for some in (self.classes, classes))
        if [n.casefold() for n in given[: len(known)]] == [n.casefold() for n in known]:
            return
        raise TeachError(
            f'"{self.name}" knows the classes {", ".join(known)}, but these are '
            f"{', '.join(given)}: its strokes would mean something else.",
            hint="To teach it on, name its classes first, in their order; others may follow.",
        )

    def under(self, digest: str, values: np.ndarray) -> np.ndarray:
        """Lay what is painted on a slice over what was painted on the very same one before.

        Args:
            digest: Of the slice, see `digest_of_slice`.
            values: (Y, X) uint8, 0 where nothing is painted now.
        """
        for one in self.examples:
            if one.digest == digest:
                values = np.where(values, values, one.values)
        return values

    def placed(
        self, stack: Stack, painted: Collection[int], digest: Callable[[int], str]
    ) -> dict[int, Example]:
        """Return the examples of slices that are not painted on now, by their place.

        Args:
            stack: That is painted on now; of its own slices the place is the index.
            painted: The slices that are, which `under` sees to.
            digest: Tells a slice of the stack from all others.

        Returns:
            Examples of other stacks have places below -1, those of one stack beside each other as
            its slices are, so that it is known what was painted across them.
        """
        now, found, others = {digest(z) for z in painted}, {}, []
        for one in self.examples:
            is_here = one.shape == tuple(stack.shape) and digest(one.z) == one.digest
            if one.digest in now:
                continue
            if is_here:
                found[one.z] = one
            else:
                others.append(one)
        return dict(sorted((_elsewhere(others) | found).items()))


def _elsewhere(examples: Sequence[Example]) -> dict[int, Example]:
    """Place examples below -1; two of one name, shape and index are of two stacks."""
    stacks: dict[tuple, dict[int, Example]] = {}
    for one in examples:
        n = 0
        while one.z in stacks.get((one.image, one.shape, n), ()):
            n += 1
        stacks.setdefault((one.image, one.shape, n), {})[one.z] = one
    found, first = {}, -1
    for (_, shape, _), slices in stacks.items():
        first -= shape[0] + 1
        found |= {first + z: one for z, one in slices.items()}
    return found


def earlier_of(model: StoredModel) -> Earlier:
    """Return what a model was taught with.

    Raises:
        TeachError: It was taught before this was kept.
        ModelError: It is damaged.
    """
    if not model.is_taught:
        return Earlier(model.name, model.classes)
    if EXAMPLES not in model.card["files"]:
        raise TeachError(
            f'"{model.name}" does not hold what its strokes showed, so it cannot be taught on.',
            hint="Choose the network it was taught on, and bring its strokes.tif again.",
        )
    examples = read_examples(model.folder / EXAMPLES)
    is_correction = bool(model.card["taught"].get("is_correction"))
    return Earlier(model.name, model.classes, examples, is_correction)


def painted_before(examples: Mapping[int, Example]) -> dict[int, Painted]:
    """Return the painted pixels of examples, by their place."""
    found = {}
    for place, one in examples.items():
        rows, columns = np.unravel_index(one.picked, one.values.shape)
        strokes = stroke_numbers(one.values)[rows, columns]
        pixels = Pixels(rows, columns, one.values[rows, columns], strokes)
        parts = one.features, pixels.values, strokes, one.drawn, one.values.size
        found[place] = Painted(*parts, pixels)
    return found


def examples_of(
    stack: Stack,
    values: Mapping[int, np.ndarray],
    painted: Mapping[int, Painted],
    digests: Mapping[int, str],
) -> tuple[Example, ...]:
    """Return what strokes on the slices of a stack showed.

    Args:
        stack: That was painted on.
        values: (Y, X) uint8 by slice.
        painted: What was taken off each of them.
        digests: Of each of them.
    """
    found = []
    for z in sorted(values):
        one = painted[z]
        kept = picked_pixels(one.values, one.strokes)
        picked = np.flatnonzero(values[z])[kept]
        parts = values[z], picked, one.features[kept], one.drawn
        names = stack.name, tuple(stack.shape), z, str(stack.slice_name(z)), digests[z]
        found.append(Example(*names, *parts))
    return tuple(found)
