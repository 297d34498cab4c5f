"""All that goes on changing in a training, as files, so that it can go on bit for bit."""

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from sandseg.atomic import replacing
from sandseg.errors import TrainingError
from sandseg.runs.folder import BEST, STATE, EpochReport


@dataclass
class TrainedModel:
    """A network with its averaged weights and how it got there.

    `best_weights` are those of the epoch that validated best; empty before the first.
    """

    model: keras.Model
    history: list[EpochReport] = field(default_factory=list)
    is_finished: bool = True
    best_weights: list[np.ndarray] = field(default_factory=list)
    best_epoch: int = 0


@dataclass
class EpochState:
    """How far the epoch at work is: steps done, sum and count of their loss, seconds taken."""

    step: int = 0
    loss: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0


def save_state(
    folder: Path | None, trained: TrainedModel, average: list[np.ndarray], epoch: EpochState
) -> None:
    """Write all but the best weights into one file, so that it is never half of two epochs."""
    if folder is None:
        return
    groups = {
        "weight": trained.model.get_weights(),
        "average": average,
        "optimizer": _values(trained.model.optimizer.variables),
        "seed": _values(_seeds(trained.model)),
        "loss": epoch.loss,
    }
    arrays = {f"{kind}_{i}": part for kind in groups for i, part in enumerate(groups[kind])}
    described = {
        "history": [asdict(report) for report in trained.history],
        "best_epoch": trained.best_epoch,
        "step": epoch.step,
        "seconds": epoch.seconds,
    }
    _write(folder / STATE, described, arrays)


def save_best(folder: Path | None, trained: TrainedModel) -> None:
    """Write the best weights; before the state, which names their epoch."""
    if folder is not None:
        arrays = {f"weight_{i}": part for i, part in enumerate(trained.best_weights)}
        _write(folder / BEST, {"best_epoch": trained.best_epoch}, arrays)


def restore(
    folder: Path | None, trained: TrainedModel
) -> tuple[list[np.ndarray], EpochState] | None:
    """Bring a network and its optimizer to where a training stopped.

    Returns:
        The averaged weights and the epoch at work; None when nothing was saved yet.

    Raises:
        TrainingError: The files are damaged or belong to another network.
    """
    if folder is None or not (folder / STATE).exists():
        return None
    try:
        described, groups = _read(folder / STATE)
        trained.model.set_weights(groups["weight"])
        _assign(trained.model.optimizer.variables, groups["optimizer"])
        _assign(_seeds(trained.model), groups["seed"])
        trained.history = [
            EpochReport(**{**report, "iou": tuple(report["iou"])})
            for report in described["history"]
        ]
        if described["best_epoch"]:
            best, weights = _read(folder / BEST)
            trained.best_epoch, trained.best_weights = best["best_epoch"], weights["weight"]
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"The checkpoint of the run cannot be read ({type(error).__name__}: {error}).",
            hint="Start the training anew in another folder.",
        ) from error
    return groups["average"], EpochState(described["step"], groups["loss"], described["seconds"])


def copy_state(source: keras.Model, target: keras.Model) -> None:
    """Let a network of the same shape, with an optimizer, go on where another one stands."""
    target.set_weights(source.get_weights())
    _assign(target.optimizer.variables, _values(source.optimizer.variables))
    _assign(_seeds(target), _values(_seeds(source)))


def _values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _seeds(network: keras.Model) -> list[keras.Variable]:
    """Where the random numbers of dropout stand: all state that is no weight."""
    weights = {id(weight) for weight in network.weights}
    return [variable for variable in network.variables if id(variable) not in weights]


def _write(path: Path, described: dict, arrays: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        np.savez(file, described=np.array(json.dumps(described)), **arrays)


def _read(path: Path) -> tuple[dict, dict[str, list[np.ndarray]]]:
    kinds = ("weight", "average", "optimizer", "seed", "loss")
    with np.load(path, allow_pickle=False) as state:
        counts = {kind: sum(name.startswith(f"{kind}_") for name in state) for kind in kinds}
        groups = {kind: [state[f"{kind}_{i}"] for i in range(counts[kind])] for kind in kinds}
        return json.loads(str(state["described"])), groups
