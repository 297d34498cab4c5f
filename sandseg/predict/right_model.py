"""The right model for a stack by itself: its rock's where the scan fits, else any rock's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sandseg.config import Treatment
from sandseg.errors import StackError
from sandseg.grey.appearance import slices_with_sample
from sandseg.grey.verdict import DOUBTFUL, FIT, LANDMARK_LIMITS, Verdict, judge
from sandseg.model.engine import PredictBatch
from sandseg.model.store import AUTO, DEFAULT_MODEL, StoredModel, list_models, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.even_light import ready_predictor
from sandseg.scan.stack import Stack

# Distance of the grey values up to which a doubtful scan is taken for the usual rock: real slices
# with noise or blur reach 0.17, other rocks begin at 0.2.
ALIKE = 0.18


@dataclass(frozen=True)
class Choice:
    """The model that segments a stack, and why where it is not the usual one, else ""."""

    model: StoredModel
    sentence: str = ""


def models_to_choose_from(models: Sequence[StoredModel]) -> tuple[StoredModel, ...]:
    """Return the usual model and the one for any rock, or nothing where one of them is missing."""
    usual = [model for model in models if model.name == DEFAULT_MODEL]
    general = [model for model in models if model.landmarks and not model.is_taught]
    return (usual[0], general[0]) if usual and general else ()


def choose_between(
    usual: StoredModel,
    general: StoredModel,
    treatment: Treatment,
    judge_usual: Callable[[Treatment], Verdict],
) -> Choice:
    """Take the usual model where a scan fits it, or does once it is treated as its doubt says.

    A doubtful scan whose grey values are those of the usual rock is noisier or less sharp: the
    usual model is still better at it.

    Args:
        usual: The model for one rock.
        general: The model for any rock.
        treatment: How the slices are brought to a model.
        judge_usual: Judges the scan, brought to the usual model in some way.

    Raises:
        SandsegError: The scan cannot be judged.
    """
    verdict = judge_usual(treatment)
    is_its_rock = verdict.level == FIT or _is_altered(verdict)
    if is_its_rock or _is_cured(verdict, treatment, judge_usual):
        return Choice(usual)
    names = [material.name for material in general.classes]
    parts = f"{', '.join(names[:-1])} and {names[-1]}"
    return Choice(
        general,
        f'This is not the rock that "{usual.title}" learned from: {verdict.reasons[0]}. '
        f'"{general.title}" segments it into {parts}.',
    )


def _is_altered(verdict: Verdict) -> bool:
    """Whether a doubtful scan shows the usual rock all the same, noisier or less sharp."""
    marks = verdict.signs.landmarks or 0
    is_alike = verdict.signs.grey <= ALIKE and marks <= LANDMARK_LIMITS[0]
    return verdict.level == DOUBTFUL and is_alike


def _is_cured(
    verdict: Verdict, treatment: Treatment, judge_usual: Callable[[Treatment], Verdict]
) -> bool:
    """Whether the scan fits once it is inverted or evened out, where that is advised."""
    cured = treatment
    if verdict.inverse:
        low, high = verdict.inverse
        cured = replace(cured, grey=f"{low!r},{high!r}")
    if verdict.is_uneven:
        cured = replace(cured, is_evened=True)
    try:
        return cured != treatment and judge_usual(cured).level == FIT
    except StackError:  # too little of any solid to even out
        return False


def right_model(stack: Stack, name: str, treatment: Treatment) -> Choice:
    """Return the model of a name; of "auto" the right one for a stack.

    Args:
        stack: The whole stack; some of its slices are segmented to judge it.
        name: Of a stored model, or "auto".
        treatment: How the slices are brought to the model.

    Raises:
        ModelError: There is no such model, or it is damaged.
        StackError: A slice is damaged.
    """
    if name != AUTO:
        return Choice(load_model(name))
    pair = models_to_choose_from(list_models())
    if not pair:
        return Choice(_only_model())
    return choose_between(*pair, treatment, lambda how: verdict_on(stack, pair[0], how))


def _only_model() -> StoredModel:
    """Return the first trained model; where there is none, the usual one says what is wrong."""
    return next((model for model in list_models() if not model.is_taught), None) or load_model()


def verdict_on(
    stack: Stack, model: StoredModel, treatment: Treatment, network: PredictBatch | None = None
) -> Verdict:
    """Judge a stack by some of its slices.

    Raises:
        StackError: A slice is damaged.
    """
    predictor = ready_predictor(stack, model, treatment, network)
    looks = []
    for z in slices_with_sample(stack):
        looks.append(predictor.look_at(stack.read_slice(z), predictor.predict_slice(stack, z)))
    usual, size_um = usual_for(model), stack.voxel_size_um
    return judge(predictor.mapping, looks, usual, size_um, predictor.zoom)
