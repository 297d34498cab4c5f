"""A training with a folder: settings, progress, checkpoint, and in the end a model folder."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import keras

from sandseg.atomic import write_json
from sandseg.data.labelled import PreparedData
from sandseg.errors import ConfigError, SandsegError, TrainingError
from sandseg.grey.mapping import GreyMapping
from sandseg.model.store import StoredModel, load_model
from sandseg.model.unet import build_unet
from sandseg.model.write_model import publish_model
from sandseg.runs.devices import training_device
from sandseg.runs.folder import CHECKPOINT, ESTIMATE, MODEL, EpochReport
from sandseg.runs.permissions import training_rules
from sandseg.runs.settings import SETTINGS, RunSettings, settings_from, write_settings
from sandseg.runs.sources import read_data
from sandseg.train.against_taught import compare_with_taught
from sandseg.train.card import describe_model, find_temperature
from sandseg.train.checkpoint import TrainedModel
from sandseg.train.compile import measure_step
from sandseg.train.loop import TrainingHooks, train
from sandseg.train.progress import RunWriter, SamplePainter, add_replay
from sandseg.train.validation import predict_logits


def run_training(
    folder: Path,
    settings: RunSettings,
    command: str = "",
    on_epoch: Callable[[EpochReport], None] = lambda _: None,
    on_start: Callable[[PreparedData], None] = lambda _: None,
) -> Path | None:
    """Train in a run folder, or go on where it stopped.

    Args:
        folder: Of the run; made if it is not there, once the data turned out to be fit.
        settings: Data and recipe; those the run began with.
        command: Makes the model again; for its card.
        on_epoch: Told after each epoch.
        on_start: Told what is learned from and what is not, before anything is.

    Returns:
        The folder of the model, that of the best epoch; None when the run was paused, or stopped
        before its first epoch was complete.

    Raises:
        ConfigError: The folder holds a run with other settings.
        SandsegError: The data or the labels do not fit, or the disk is full.
    """
    _check_settings(folder, settings)
    device = device_name()
    writer = RunWriter(folder, settings, training_rules().max_hours)
    with ExitStack() as stack:
        if folder.is_dir():
            stack.enter_context(writer.ending())
            writer.enter(device)
        slices, data = read_data(settings, folder)
        on_start(data)
        if not folder.is_dir():
            writer.enter(device)
            stack.enter_context(writer.ending())
        if not (folder / SETTINGS).exists():
            write_settings(folder, settings)
        trained = _train(folder, settings, data, writer, on_epoch)
        if writer.wanted() == "pause" and not trained.is_finished:
            writer.tell(state="paused", message="Paused; it goes on from this very step.")
            return None
        if not trained.best_weights:
            message = "Stopped before the first epoch was complete, so there is no model."
            writer.tell(state="stopped", message=message)
            return None
        writer.tell(message="Scoring and saving the model")
        trained.model = build_unet(settings.config.unet)  # in full precision, and as it is used
        trained.model.set_weights(trained.best_weights)
        card = describe_model(settings, slices, data, trained) | {"command": command}
        if settings.source.kind == "strokes":
            card |= _beside_taught(settings, folder, slices.mapping, trained.model)
        _publish(folder, settings, card, data, trained.model)
        _tell_end(writer, trained)
        return folder / MODEL


def _check_settings(folder: Path, settings: RunSettings) -> None:
    """An old run is gone on with only under the settings it began with."""
    if not (folder / SETTINGS).exists():
        return
    before = settings_from(folder)
    if (before.config, before.start_from) != (settings.config, settings.start_from):
        raise ConfigError(
            f"The folder {folder.name} holds a run with other settings.",
            hint="Choose a new folder, or start it with the settings it began with.",
        )


def _train(
    folder: Path,
    settings: RunSettings,
    data: PreparedData,
    writer: RunWriter,
    on_epoch: Callable[[EpochReport], None],
) -> TrainedModel:
    painter = SamplePainter(folder, data.validation, settings.all_classes)
    stride = settings.config.unet.stride

    def report(epoch: EpochReport, network: keras.Model) -> None:
        painter.draw(epoch.epoch, lambda image: predict_logits(network, image, stride))
        writer.epoch(epoch)
        on_epoch(epoch)

    def start(network: keras.Model) -> None:
        if settings.start_from:
            take_weights(network, weights_to_start_from(settings.start_from))

    writer.begin(data.patches.n_steps, data.warnings)
    hooks = TrainingHooks(writer.step, report, lambda: bool(writer.wanted()))
    return train(data.patches, data.validation, settings.config, hooks, folder / CHECKPOINT, start)


def _beside_taught(
    settings: RunSettings, folder: Path, mapping: GreyMapping, network: keras.Model
) -> dict:
    """Return what the card says of the network beside the classifier of the same strokes."""
    try:
        found = compare_with_taught(settings, folder, mapping, network)
    except SandsegError as error:  # what was learned is not lost for it
        return {"against_taught": {"missing": f"It was not compared: {error.message}"}}
    return {"against_taught": found.facts | {"meaning": found.meaning}}


def _publish(
    folder: Path, settings: RunSettings, card: dict, data: PreparedData, network: keras.Model
) -> None:
    """Make the model folder of a run."""
    if settings.start_from:
        card["started_from"] = settings.start_from
    temperature = find_temperature(network, data.validation, settings.config.unet.stride)
    publish_model(network, folder / MODEL, card, settings.all_classes, temperature)
    add_replay(folder, folder / MODEL)


def _tell_end(writer: RunWriter, trained: TrainedModel) -> None:
    message = f"The model is that of epoch {trained.best_epoch}."
    if writer.is_overdue and not trained.is_finished:
        message = f"It reached the longest time this server allows. {message}"
    state = "done" if trained.is_finished else "stopped"
    writer.tell(state=state, message=message, seconds_left=0.0)


def weights_to_start_from(name: str) -> StoredModel:
    """Return the model whose weights a training begins with; of a taught one, its network's.

    Raises:
        ModelError: It is not here, or damaged.
    """
    stored = load_model(name)
    return load_model(stored.card["taught"]["network"]["name"]) if stored.is_taught else stored


def take_weights(network: keras.Model, stored: StoredModel) -> int:
    """Start from a stored model: take the weights of every layer whose name and shapes match.

    Returns:
        The number of layers that were taken.

    Raises:
        TrainingError: Not one layer matches.
    """
    path = stored.folder / "model.keras"
    try:
        trained = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError) as error:
        raise TrainingError(
            f'The weights of the model "{stored.name}" cannot be read: {error}',
            hint="Start from another model, or from scratch.",
        ) from error
    known = {layer.name: layer.get_weights() for layer in trained.layers}
    n_taken = 0
    for layer in network.layers:
        found, own = known.get(layer.name, []), layer.get_weights()
        if own and [part.shape for part in found] == [part.shape for part in own]:
            layer.set_weights(found)
            n_taken += 1
    if not n_taken:
        raise TrainingError(
            f'No layer of the model "{stored.name}" fits this network.',
            hint="Choose the preset that model was trained with, or start from scratch.",
        )
    return n_taken


def run_estimate(folder: Path) -> None:
    """Measure a training step of the settings in a folder; the result is written there."""
    settings = settings_from(folder)
    try:
        seconds, count = measure_step(settings.config)
        found = {"seconds_per_step": seconds, "n_parameters": count}
    except SandsegError as error:
        found = {"message": error.message, "hint": error.hint}
    write_json(folder / ESTIMATE, found | {"device": device_name()})


def prepare_backend() -> None:
    """Set Keras up for a process that does nothing but train, before anything is computed.

    On a CPU the same seed then gives the same weights, bit for bit. On a GPU memory is taken as
    it is needed. Several GPUs share each batch where the backend can do that.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        gpus = tensorflow.config.list_physical_devices("GPU")
        for gpu in gpus:
            tensorflow.config.experimental.set_memory_growth(gpu, True)
        if not gpus:
            tensorflow.config.experimental.enable_op_determinism()
    if backend == "jax" and len(devices := keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))


def device_name() -> str:
    """Return what Keras computes on."""
    name = training_device().name
    if keras.backend.backend() not in ("tensorflow", "jax"):
        return name
    n_devices = len(keras.distribution.list_devices())
    return f"{n_devices} × {name}" if n_devices > 1 else name
