"""Where somebody says the sample lies: found by itself, everywhere, in a circle or in a box."""

from dataclasses import dataclass

import numpy as np

from sandseg.errors import ConfigError

AUTO, ALL, CIRCLE, BOX = "auto", "all", "circle", "box"
_N_NUMBERS = {AUTO: 0, ALL: 0, CIRCLE: 3, BOX: 4}


@dataclass(frozen=True)
class SampleShape:
    """A shape in pixels from the upper left corner of a slice, the same in every slice.

    `numbers` are x, y and radius of a circle, or the left, top, right and bottom edge of a box.
    """

    kind: str = AUTO
    numbers: tuple[float, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SampleShape":
        """Read "auto", "all", "circle:X,Y,RADIUS" or "box:LEFT,TOP,RIGHT,BOTTOM".

        Raises:
            ConfigError: It is none of these, or encloses nothing.
        """
        kind, _, rest = text.strip().lower().partition(":")
        try:
            numbers = tuple(float(part) for part in rest.split(",")) if rest else ()
        except ValueError:
            numbers = (np.nan,)
        if kind not in _N_NUMBERS or len(numbers) != _N_NUMBERS[kind] or not _is_sane(numbers):
            raise ConfigError(
                f'"{text}" does not say where the sample lies.',
                hint="Write auto, all, circle:X,Y,RADIUS or box:LEFT,TOP,RIGHT,BOTTOM, in pixels "
                "from the upper left corner.",
            )
        shape = cls(kind, numbers)
        if (kind == CIRCLE and numbers[2] <= 0) or (
            kind == BOX and not (numbers[0] < numbers[2] and numbers[1] < numbers[3])
        ):
            raise ConfigError(
                f'"{text}" encloses no pixel.',
                hint="Give a circle a radius above 0; a box ends to the right of its left edge and "
                "below its top.",
            )
        return shape

    def __str__(self) -> str:
        if not self.numbers:
            return self.kind
        return f"{self.kind}:{','.join(f'{number:g}' for number in self.numbers)}"

    def mask(self, shape: tuple[int, int]) -> np.ndarray:
        """Return (Y, X) bool for a slice of this shape; all of it where nothing is drawn.

        Raises:
            ConfigError: No pixel of the slice lies within.
        """
        y, x = (np.arange(length) + 0.5 for length in shape)  # the pixels' centers
        if self.kind == CIRCLE:
            middle_x, middle_y, radius = self.numbers
            found = (y[:, None] - middle_y) ** 2 + (x - middle_x) ** 2 <= radius**2
        elif self.kind == BOX:
            left, top, right, bottom = self.numbers
            found = ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))
        else:
            return np.ones(shape, bool)
        if not found.any():
            raise ConfigError(
                f"The sample cannot lie at {self}: a slice has {shape[1]} × {shape[0]} px.",
                hint="Give pixels from the upper left corner, x before y.",
            )
        return found


def _is_sane(numbers: tuple[float, ...]) -> bool:
    return all(np.isfinite(number) for number in numbers)
