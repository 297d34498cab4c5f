"""What the operator of this server allows: who may train, how much, and who may change what.

A training or a model belongs to the visitor who began or added it. Where the operator has set a
token, whoever knows it is the teacher, who may change everything. What nobody signed, as trainings
of the command line, is the teacher's, and without a token everybody's who reaches the server.
"""

import hmac
from dataclasses import dataclass, field
from pathlib import Path

from sandseg import settings
from sandseg.errors import TrainingError
from sandseg.ownership import is_signed, is_signed_by


@dataclass(frozen=True)
class Visitor:
    """Who asks: the token they entered, and the key of their browser."""

    token: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


NOBODY = Visitor()


@dataclass(frozen=True)
class TrainingRules:
    """Whether trainings may be started here, by whom, how many may wait, and for how long."""

    is_on: bool = True
    is_open: bool = False
    needs_token: bool = False
    max_queue: int = settings.TRAINING_MAX_QUEUE.default
    max_hours: float = settings.TRAINING_MAX_HOURS.default


def training_rules() -> TrainingRules:
    """Read the rules from the settings.

    Raises:
        ConfigError: A setting makes no sense.
    """
    switch = settings.TRAINING.read()
    return TrainingRules(
        switch != settings.OFF,
        switch == settings.OPEN,
        switch == settings.ON and bool(settings.TRAINING_TOKEN.read()),
        settings.TRAINING_MAX_QUEUE.read(),
        settings.TRAINING_MAX_HOURS.read(),
    )


def is_teacher(visitor: Visitor) -> bool:
    """Whether a visitor knows the token; nobody does where there is none."""
    wanted = settings.TRAINING_TOKEN.read()
    return bool(wanted) and hmac.compare_digest(visitor.token.encode(), wanted.encode())


def may_start(visitor: Visitor) -> bool:
    """Whether a visitor may begin a training."""
    rules = training_rules()
    return rules.is_on and (not rules.needs_token or is_teacher(visitor))


def may_change(folder: Path, visitor: Visitor) -> bool:
    """Whether a visitor may watch, change or remove the training or the model of a folder."""
    if is_teacher(visitor) or is_signed_by(folder, visitor.key):
        return True
    is_open = training_rules().is_on and not settings.TRAINING_TOKEN.read()
    return is_open and not is_signed(folder)


def require_training() -> None:
    """Let nobody pass while training is switched off here.

    Raises:
        TrainingError: It is.
    """
    if not training_rules().is_on:
        raise TrainingError(
            "Training is switched off on this server.",
            hint="Run SandSeg on your own computer, or train from the command line.",
        )


def require_start(visitor: Visitor) -> None:
    """Let only those pass who may begin a training.

    Raises:
        TrainingError: Training is off, or it needs a token that this is not.
    """
    require_training()
    if not may_start(visitor):
        raise TrainingError(
            "Trainings on this server need a token, and this is not it.",
            hint="Enter the token that whoever runs this server gave you.",
        )


def require_right(folder: Path, visitor: Visitor) -> None:
    """Let only those pass who may change the training or the model of a folder.

    Raises:
        TrainingError: It is somebody else's.
    """
    if may_change(folder, visitor):
        return
    hint = "Do it in the browser it was begun in, or enter the token of whoever runs this server."
    if not settings.TRAINING_TOKEN.read():
        hint = (
            "Do it in the browser it was begun in, or start the server with "
            f"{settings.TRAINING_TOKEN.name} and enter that token."
        )
    raise TrainingError("This belongs to another visitor.", hint=hint)


def require_teacher(visitor: Visitor) -> None:
    """Let only those pass who know the token.

    Raises:
        TrainingError: There is none, or this is not it.
    """
    if not is_teacher(visitor):
        raise TrainingError(
            "Only whoever runs this server may do this.",
            hint=f"Enter its token; it is set with {settings.TRAINING_TOKEN.name}.",
        )
