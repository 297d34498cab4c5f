"""What the operator of this server allows: one place for the settings from the environment."""

import hmac
import os
from dataclasses import dataclass

from sandseg.errors import ConfigError, TrainingError

SWITCH, TOKEN = "SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN"
MAX_QUEUE, MAX_HOURS = "SANDSEG_TRAINING_MAX_QUEUE", "SANDSEG_TRAINING_MAX_HOURS"


@dataclass(frozen=True)
class TrainingRules:
    """Whether trainings may be started here, by whom, how many may wait, and for how long."""

    is_on: bool = True
    needs_token: bool = False
    max_queue: int = 4
    max_hours: float = 24.0


def training_rules() -> TrainingRules:
    """Read the rules from the environment.

    Raises:
        ConfigError: A number is none.
    """
    return TrainingRules(
        is_on=os.environ.get(SWITCH, "on").strip().lower() not in ("off", "0", "no", "false"),
        needs_token=bool(os.environ.get(TOKEN)),
        max_queue=int(_number(MAX_QUEUE, TrainingRules.max_queue)),
        max_hours=_number(MAX_HOURS, TrainingRules.max_hours),
    )


def check_token(token: str) -> None:
    """Let only those pass who know the operator's token, where there is one.

    Raises:
        TrainingError: This is not it.
    """
    wanted = os.environ.get(TOKEN, "")
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


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        number = float(text or default)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise ConfigError(f'{name} is "{text}", but a number above 0 is needed.', "Correct it.")
    return number
