"""A slice of a task as the viewer takes it."""

from pages.cache.models import classes_of
from pages.cache.rocks import stack_of
from pages.cache.slices import exact_grey
from pages.cache.task import Task
from pages.components.viewer import Shown


def shown_slice(task: Task, z: int, **more) -> Shown:  # noqa: ANN003 - what `Shown` takes
    """Return what the viewer must know of a slice; `more` are a `marker` or a `highlight`."""
    stack = stack_of(task)
    classes, voxel_size_um = classes_of(task.model_name), stack.voxel_size_um
    return Shown(z, stack.n_slices, classes, voxel_size_um, lambda: exact_grey(task, z), **more)
