"""Where a training stands, in words."""

from sandseg.runs.folder import RunStatus

STATES = {
    "queued": "Waiting",
    "running": "Training",
    "stopping": "Ending",
    "paused": "Paused",
    "done": "Finished",
    "stopped": "Stopped",
    "failed": "Failed",
}
ORDINALS = {1: "next in the queue", 2: "second in the queue", 3: "third in the queue"}


def progress(status: RunStatus) -> float:
    """Return the share of a training that is done, in [0, 1]."""
    in_epoch = status.step / status.n_steps if status.n_steps else 0.0
    return min((status.epoch + in_epoch) / max(status.n_epochs, 1), 1.0)


def progress_text(status: RunStatus) -> str:
    """Say what a training does, how far it is and how long it takes."""
    if status.state == "queued":
        place = ORDINALS.get(status.queue_position, f"number {status.queue_position} in the queue")
        return f"Waiting, {place}; one training runs at a time"
    if status.state == "stopping":
        return "Ending after the step at work, then the weights are saved"
    shown = min(status.epoch + 1, status.n_epochs)
    parts = [f"Epoch {shown} of {status.n_epochs}"]
    if status.state == "running" and status.n_steps and status.step:
        parts[0] += f", step {status.step} of {status.n_steps}"
    if status.state != "running":
        parts[0] = f"{STATES[status.state]} after {epochs(status.epoch)} of {status.n_epochs}"
    elif status.message and status.message != "Training":
        parts.append(status.message[0].lower() + status.message[1:])
    if status.state == "running" and status.seconds_left:
        parts.append(f"{duration(status.seconds_left)} left")
    return " · ".join(parts)


def epochs(count: int) -> str:
    """Return "1 epoch", "2 epochs"."""
    return f"{count} epoch{'s' * (count != 1)}"


def duration(seconds: float) -> str:
    """Return a time as a person would say it: "40 s", "6 min", "3.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 10 * 3600 else f"{round(seconds / 3600)} h"
