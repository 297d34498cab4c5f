"""What the operator of this server allows: who may train, and how much."""

import hmac
from dataclasses import dataclass

from sandseg import settings
from sandseg.errors import TrainingError


@dataclass(frozen=True)
class TrainingRules:
    """Whether trainings may be started here, by whom, how many may wait, and for how long."""

    is_on: bool = settings.TRAINING.default
    needs_token: bool = False
    max_queue: int = settings.TRAINING_MAX_QUEUE.default
    max_hours: float = settings.TRAINING_MAX_HOURS.default


def training_rules() -> TrainingRules:
    """Read the rules from the settings.

    Raises:
        ConfigError: A setting makes no sense.
    """
    return TrainingRules(
        settings.TRAINING.read(),
        bool(settings.TRAINING_TOKEN.read()),
        settings.TRAINING_MAX_QUEUE.read(),
        settings.TRAINING_MAX_HOURS.read(),
    )


def check_token(token: str) -> None:
    """Let only those pass who know the operator's token, where there is one.

    Raises:
        TrainingError: This is not it.
    """
    wanted = settings.TRAINING_TOKEN.read()
    if wanted and not hmac.compare_digest(token.encode(), wanted.encode()):
        raise TrainingError(
            "Trainings on this server need a token, and this is not it.",
            hint="Enter the token that whoever runs this server gave you.",
        )


def require_training(token: str) -> None:
    """Let nobody pass while training is switched off here.

    Raises:
        TrainingError: Training is off, or the token is not the right one.
    """
    if not training_rules().is_on:
        raise TrainingError(
            "Training is switched off on this server.",
            hint="Run SandSeg on your own computer, or train from the command line.",
        )
    check_token(token)
