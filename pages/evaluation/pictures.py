"""The pictures of a slice whose labels are known: grey values, truth, prediction, errors."""

from collections.abc import Sequence

from pages.cache.models import classes_of
from pages.cache.slices import error_picture, slice_phases, slice_pictures, true_picture
from pages.cache.task import Task
from pages.charts.phases import clear_class, show_legend
from pages.components.viewer import Allowed, Display, Pane, viewer
from pages.panels.slice_view import shown_slice
from pages.session import address, state
from sandseg.classes import SegmentationClass
from sandseg.export.overlay import INVENTED, MISSED

SIDE_BY_SIDE, ERRORS, EVERY = "side", "errors", "every"
LAYOUTS = {SIDE_BY_SIDE: "Side by side", ERRORS: "Errors only"}


def choose_pictures(classes: Sequence[SegmentationClass]) -> tuple[str, int | None]:
    """Ask which pictures to show, and the errors of which class."""
    layout = address.segments("Pictures", LAYOUTS, "panes")
    values = {material.name: material.value for material in classes}
    names = {EVERY: "every class"} | {name: name for name in values}
    name = address.segments("Errors of", names, "errors_of")
    return layout, values.get(name)


def show_pictures(
    task: Task, z: int, truth: str, chosen: tuple[str, int | None], lit: bytes | None
) -> None:
    """Show grey values, truth, prediction and errors over the same place."""
    layout, class_value = chosen
    classes = classes_of(task.model_name)
    pictures = slice_pictures(task, z)
    true = true_picture(task, z, truth)
    errors = Pane(
        "Errors",
        pictures.grey,
        picture=error_picture(task, z, truth, class_value),
    )
    prediction = Pane("Prediction", pictures.grey, pictures.labels)
    panes = [Pane("Grey values", pictures.grey), Pane("Truth", pictures.grey, true)]
    shown = (
        [*panes, prediction, errors] if layout == SIDE_BY_SIDE else [prediction if lit else errors]
    )
    _show(task, z, shown, lit, () if class_value is None else (MISSED, INVENTED))
    if errors in shown:
        _show_legend("" if class_value is None else classes[class_value].name)


def show_prediction(task: Task, z: int) -> None:
    """Show grey values and prediction of a slice nobody has labelled."""
    pictures = slice_pictures(task, z)
    prediction = Pane("Prediction", pictures.grey, pictures.labels)
    _show(task, z, [Pane("Grey values", pictures.grey), prediction])


def _show(
    task: Task,
    z: int,
    panes: Sequence[Pane],
    lit: bytes | None = None,
    hatched: Sequence[tuple[int, int, int]] = (),
) -> None:
    viewer(
        panes,
        shown_slice(task, z, highlight=lit),
        Display(
            clear_class=clear_class(slice_phases(task, z)),
            height=700 if len(panes) > 1 else 620,
            stepper=False,
            hatched=hatched,
        ),
        Allowed(on_step=state.take_slice),
        key="evaluate-viewer",
    )


def _show_legend(class_name: str) -> None:
    """Say what the colors of the errors mean."""
    if class_name:
        show_legend(
            {
                f"{class_name} missed (white lines)": _hatch(-45, MISSED, "#fff"),
                f"{class_name} invented (black lines)": _hatch(45, INVENTED, "#000"),
            }
        )
        return
    text = "wrong pixels: each is missed by one class and invented by another, so choose a class"
    show_legend({text: f"rgb{MISSED}"})


def _hatch(degrees: int, color: tuple[int, int, int], line: str) -> str:
    return f"repeating-linear-gradient({degrees}deg,rgb{color} 0 3px,{line} 3px 4.5px)"
