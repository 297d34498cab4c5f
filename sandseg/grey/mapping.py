"""Bring the grey values of any scan onto the scale a model was trained on.

The whole stack is mapped by one straight line, never a slice or a tile by itself: neighbouring
pieces keep their grey values relative to each other, so that no seams appear.
"""

from dataclasses import dataclass, replace

import numpy as np

from sandseg.errors import ConfigError, StackError
from sandseg.grey.drift import Light
from sandseg.grey.finder import SampleFinder, finder_for, landmarks_of
from sandseg.grey.fitting import fitted_line, ordered_values, plain_lines, type_range
from sandseg.grey.histograms import Line, grey_histograms, histogram_distances
from sandseg.grey.landmarks import Landmarks, line_through
from sandseg.grey.sampling import all_values, inside_values, sample_slices
from sandseg.grey.steadiness import Unsteady, find_unsteady, line_of_slice
from sandseg.grey.unseen import fill_unseen
from sandseg.measure.outside import outside_mask
from sandseg.scan.stack import Stack, check_values

MOST_CLIPPED = 0.99  # of a scan at one end; a line that does it was meant for other values
# Distances of histograms (see `histogram_distances`), from the real slices: 0.01 to 0.04 for a
# whole slice, up to 0.21 for 0.6 mm cut from the middle of the rock, 0.57 for another scanner.
PLAINER = 0.15  # by how much a plainer line may be farther away than the nearest one
FITS = 0.24  # farther away than this, a line is fitted, and the user is told to look
FOREIGN = 0.34
GUESSED = 0.2  # added to the distance of a fitted line: nearly any picture can be bent to fit
FINE = 1e-3  # range of floats that is lost beside one
NEARER = 0.1  # by how much an inverted scan must fit better than it does as it stands: 0.35 or more


@dataclass(frozen=True)
class GreyMapping:
    """A straight line from the grey values of a stack to [0, 1], clipped at both ends.

    `kind` is "identity" (the type's full range), "matched" (found by comparing histograms),
    "landmarks" (air and the commonest solid are where the model has them) or "manual"; `distance`
    in [0, 1.2] grows with the doubt that the scan is like the model's.
    `inverse` is the line that would fit where dense parts of the scan seem to be dark. By a `light`
    slices are evened out after the line, but for the bowl, in 1/px², that the model is used to.
    `unsteady` says that the brightness changes along z; with `is_steadied` each slice has a line of
    its own. `landmarks` are those of the sample, where they were looked for.
    """

    low: float  # grey value that becomes 0
    high: float  # grey value that becomes 1; below `low` where dense means dark
    kind: str = "identity"
    distance: float = 0.0
    inverse: Line | None = None
    light: Light | None = None
    bowl_left: float = 0.0
    unsteady: Unsteady | None = None
    is_steadied: bool = False
    landmarks: Landmarks | None = None

    def __post_init__(self):
        if not (np.isfinite(self.low) and np.isfinite(self.high)) or self.low == self.high:
            raise StackError(
                f"Grey values from {self.low:g} to {self.high:g} span no range.",
                hint="Give two different grey values: one for black, one for white.",
            )

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Map grey values of any type to float32 in [0, 1]: a (Y, X) slice as `bring` does.

        Arrays of other dimensions are no slices; they are mapped value by value.
        """
        return self.bring(image)[0] if image.ndim == 2 else self._mapped(image, self._line)

    def bring(
        self, image: np.ndarray, outside: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Map (Y, X) grey values of any type, and continue the sample where it was not seen.

        Args:
            image: The grey values.
            outside: As `outside_mask` finds it, where that is known.

        Returns:
            (Y, X) float32 in [0, 1], and (Y, X) bool: what is painted over or missing.
        """
        outside = outside_mask(image) if outside is None else outside
        mapped = self._mapped(image, self._line_for(image, outside))
        return fill_unseen(mapped, image, outside)

    def _mapped(self, image: np.ndarray, line: Line) -> np.ndarray:
        low, high = line
        exact = np.result_type(image.dtype, np.float32).type  # float64 where float32 would round
        with np.errstate(over="ignore", invalid="ignore"):
            mapped = image.astype(exact)
            mapped -= exact(low)  # in place: a slice may be large
            mapped *= exact(1.0 / (high - low))
        if self.light:
            mapped /= self.light.over(image.shape, self.bowl_left)
        return np.clip(mapped, 0.0, 1.0, out=mapped).astype(np.float32, copy=False)

    @property
    def _line(self) -> Line:
        return self.low, self.high

    def _line_for(self, image: np.ndarray, outside: np.ndarray) -> Line:
        if not (self.unsteady and self.is_steadied):
            return self._line
        return line_of_slice(image[~outside], self._line, self.unsteady) or self._line

    @property
    def steadied(self) -> "GreyMapping":
        """The same with a line for each slice, where the brightness changes along z."""
        if not self.unsteady:
            return self
        return replace(self, is_steadied=True, distance=self.unsteady.distance, landmarks=None)

    @property
    def without_light(self) -> "GreyMapping":
        """The same, without evening out the light across a slice."""
        return replace(self, light=None)

    @property
    def is_inverted(self) -> bool:
        """Whether dense parts, dark in the scan, become bright."""
        return self.low > self.high

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user must know before trusting labels made with this mapping."""
        if self.distance <= FITS:
            return ()
        advice = "Check the labels by eye before using them"
        advice = "Do not trust the labels" if self.distance > FOREIGN else advice
        found = "are spread differently from what the model was trained on"
        return (f"The grey values of this scan {found}. {advice}.",)


def choose_mapping(
    stack: Stack,
    reference: np.ndarray,
    grey: str = "auto",
    anchors: Line | None = None,
    finder: SampleFinder | None = None,
) -> GreyMapping:
    """Decide how the grey values of a stack reach a model's scale.

    Args:
        stack: The whole stack; a sample of it is read.
        reference: (256,) histogram of the model's training slices over [0, 1].
        grey: "auto", "identity" (the type's full range) or "LOW,HIGH" in grey values; a low value
            above the high one inverts.
        anchors: Where air and the commonest solid are on the scale of a model for any rock; None
            for a model of one rock.
        finder: Of the sample of the stack; it is looked for where None.

    Raises:
        StackError: All pixels have one value.
        ConfigError: `grey` is none of the three, or makes nearly all of the scan black or white.
    """
    landmarks = landmarks_of(stack, finder or finder_for(stack))
    if anchors and landmarks and grey == "auto":
        return GreyMapping(*line_through(landmarks, anchors), "landmarks", landmarks=landmarks)
    samples = sample_slices(stack)
    values = all_values(stack, samples)
    if anchors:
        check_values(values)
        line = type_range(values) if grey in ("identity", "auto") else _parse_line(grey)
        _check_line(line, values, stack)
        distance = 1.0 if grey == "auto" else 0.0  # no sample, so nothing to lay a line by
        return GreyMapping(*line, _kind(line, values, "manual"), distance, landmarks=landmarks)
    if grey == "auto":
        mapping = fit_mapping(values, reference)
    else:
        line = type_range(values) if grey == "identity" else _parse_line(grey)
        if grey != "identity":
            _check_line(line, values, stack)
        mapping = manual_mapping(*line, values, reference)
    line = mapping.low, mapping.high
    unsteady = find_unsteady(samples, line, reference, lambda z: inside_values(stack, z))
    return replace(mapping, unsteady=unsteady, landmarks=landmarks)


def _parse_line(grey: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in grey.split(","))
    except ValueError as error:
        raise ConfigError(
            f'"{grey}" is no grey mapping.',
            hint="Write auto, identity, or two grey values: the black one, a comma, the white one. "
            "A larger black one inverts.",
        ) from error
    return low, high


def _check_line(line: Line, values: np.ndarray, stack: Stack) -> None:
    """Refuse a line that makes nearly all of a scan black, or white."""
    below, above = np.mean(values <= min(line)), np.mean(values >= max(line))
    if max(below, above) < MOST_CLIPPED:
        return
    become = "black" if (below > above) == (line[0] < line[1]) else "white"
    shown = [note for note in stack.notes if "ImageJ shows" in note]
    raise ConfigError(
        f"With the grey values {line[0]:g} and {line[1]:g} nearly all of the scan becomes "
        f"{become}: its values lie between {values.min():g} and {values.max():g}.",
        hint=" ".join(["Give two grey values in that range.", *shown]),
    )


def fit_mapping(values: np.ndarray, reference: np.ndarray) -> GreyMapping:
    """Find the line that brings grey values onto a model's scale.

    Tried first are plain lines, exact for common exports: the type's range, ranges from 0, the
    range of the values with and without outliers. The first of them that is about as near as any
    is taken. If none is near, a line is fitted.

    Args:
        values: (N,) finite grey values of the stack, any real type.
        reference: (256,) histogram of the model's training slices, over [0, 1].

    Returns:
        The mapping, with its distance from the reference. It is never inverted, but has the line
        that inverts where that fits.

    Raises:
        StackError: All values are the same.
    """
    check_values(values)
    mapping = _fit_upright(values, reference)
    return replace(mapping, inverse=_fitting_inverse(mapping, values, reference))


def _fit_upright(values: np.ndarray, reference: np.ndarray) -> GreyMapping:
    ordered = ordered_values(values)
    lines = plain_lines(values)
    distances = histogram_distances(grey_histograms(ordered, lines), reference)
    nearest = distances.min()
    if nearest > FITS and ordered[0] < ordered[-1]:
        line, distance = fitted_line(ordered, reference)
        if distance + GUESSED < nearest:
            return GreyMapping(*line, "matched", distance + GUESSED)
    chosen = int(np.argmax(distances <= max(nearest, min(nearest + PLAINER, FITS))))
    kind = _kind(lines[chosen], values, "matched")
    return GreyMapping(*lines[chosen], kind, float(distances[chosen]))


def manual_mapping(
    low: float, high: float, values: np.ndarray, reference: np.ndarray
) -> GreyMapping:
    """Return the mapping a user asked for, with its distance from the model's histogram.

    Raises:
        StackError: The line spans no range, or all values are the same.
    """
    GreyMapping(low, high)  # refuses a line that spans no range
    check_values(values)
    histograms = grey_histograms(ordered_values(values), [(low, high)])
    distance = float(histogram_distances(histograms, reference)[0])
    mapping = GreyMapping(low, high, _kind((low, high), values, "manual"), distance)
    return replace(mapping, inverse=_fitting_inverse(mapping, values, reference))


def _fitting_inverse(
    mapping: GreyMapping, values: np.ndarray, reference: np.ndarray
) -> Line | None:
    """Return the line that fits where dense parts are dark, if this mapping does not fit."""
    if mapping.distance <= FITS or mapping.is_inverted:
        return None
    is_float, ends = values.dtype.kind == "f", sum(type_range(values))
    if is_float and np.ptp(values) < FINE:  # one less so little is one
        ends = float(values.min()) + float(values.max())
    mirrored = _fit_upright(
        (values.dtype.type(ends) - values if is_float else ~values).ravel(), reference
    )
    if mirrored.distance > min(FITS, mapping.distance - NEARER):
        return None
    return ends - mirrored.low, ends - mirrored.high


def _kind(line: Line, values: np.ndarray, otherwise: str) -> str:
    return "identity" if line == type_range(values) else otherwise
