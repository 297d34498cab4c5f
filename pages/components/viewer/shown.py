"""What a viewer is given to show, and what it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sandseg.classes import SegmentationClass


@dataclass(frozen=True)
class Pane:
    """One picture of a slice.

    `grey` is a JPEG or PNG. `labels` is a PNG whose samples are label values: a palette PNG (the
    palette itself is ignored) or a grey one. `picture` is a PNG shown as it is in place of the
    labels, for example colored confidence or errors; where a pane has both, the viewer switches.
    `confidence` is a grey PNG of whole percent: with it the picture stays, and the read-out says
    label and confidence. `note` stands beside the title, for example a score.
    """

    title: str
    grey: bytes
    labels: bytes | None = None
    picture: bytes | None = None
    confidence: bytes | None = None
    note: str = ""


@dataclass(frozen=True)
class ViewerState:
    """What the visitor did: slice shown, pixel (x, y) clicked last, label values not colored."""

    z: int
    clicked: tuple[int, int] | None = None
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True)
class Shown:
    """The slice in all panes.

    `z` is its index, `n_slices` the number of slices: with more than one the viewer steps through
    them. `classes` are those of the labels, in the order of the legend. `voxel_size_um` is the edge
    of a voxel in µm; without it the scale bar counts pixels. `exact_grey` makes a PNG of the grey
    values of all panes, shown in place of their JPEG once the visitor asks for it. `highlight` is a
    PNG mask: pixels above 0 light up and all others dim. `marker` is a pixel (x, y) to mark.
    `outline` is what a thin line runs along: closed polygons of points (x, y), in pixels from the
    upper left corner. In its place stands `shape`, "circle:X,Y,RADIUS" or
    "box:LEFT,TOP,RIGHT,BOTTOM" in the same pixels: it has handles and can be dragged. Along another
    `axis` than "z" planes across the slices are shown: "y" XZ, "x" YZ; `z` then counts those.
    """

    z: int
    n_slices: int
    classes: Sequence[SegmentationClass]
    voxel_size_um: float | None = None
    exact_grey: Callable[[], bytes] | None = None
    highlight: bytes | None = None
    marker: tuple[int, int] | None = None
    outline: Sequence[Sequence[tuple[float, float]]] = ()
    shape: str = ""
    axis: Literal["z", "y", "x"] = "z"


@dataclass(frozen=True)
class Display:
    """How a viewer shows a slice until the visitor changes it.

    `mode` "overlay" lays colors over the grey with an `opacity` in [0, 1], "swipe" parts them with
    a divider. `clear_class` is the label left uncolored: a value, the commonest one, or none.
    `height` is that of all panes together in screen pixels, less where the pictures or the window
    need less.
    Without a `stepper` there is no slice slider, and the arrow keys still step, beside a slider of
    the page's own. `picture_name` is what the `picture` of the panes shows, as in "Show errors";
    `hatched` are two colors (R, G, B) of it to be told apart without color, too: the first is
    hatched with white, the second with black. Viewers of the same `group` zoom and move together.
    """

    mode: Literal["overlay", "swipe"] = "overlay"
    opacity: float = 0.6
    clear_class: int | Literal["majority"] | None = "majority"
    height: int = 640
    stepper: bool = True
    picture_name: str = "errors"
    hatched: Sequence[tuple[int, int, int]] = ()
    group: str = ""


@dataclass(frozen=True)
class Paint:
    """Leave to paint on the slices shown, in the classes of the legend: strokes count them from 1.

    `address` is where strokes are sent, with its ticket, and ends in "/". `journal` names what is
    painted on, whatever the ticket: what is not sent yet is kept under it in the browser. `shape`
    is that of the stack, (Z, Y, X). `doubt` says how confidence is drawn, if there is any: a color
    (R, G, B), the confidence from which on it covers the grey wholly, and what that means in words.
    """

    address: str
    journal: str
    shape: tuple[int, int, int]
    doubt: tuple[Sequence[int], float, str] | None = None

    def header(self) -> dict[str, object]:
        """Return it as the browser takes it."""
        color, low, words = self.doubt or (None, None, None)
        return {
            "address": self.address,
            "journal": self.journal,
            "shape": [int(length) for length in self.shape],
            "doubt": self.doubt and {"color": list(color), "low": low, "words": words},
        }


@dataclass(frozen=True)
class Allowed:
    """What a visitor may do on a slice beside looking at it; all are called before the rerun.

    `on_step` gets the slice they went to: store it where `z` comes from. `on_pick` gets the pixel
    (x, y) they clicked: store it where `marker` comes from. `on_shape` gets the text of the shape
    they dragged: store it where `shape` comes from, or leave that as it is: then the drag is
    undone. With `paint` they may paint; the whole stack must be shown under one key.
    """

    on_step: Callable[[int], None] | None = None
    on_pick: Callable[[int, int], None] | None = None
    on_shape: Callable[[str], None] | None = None
    paint: Paint | None = None
