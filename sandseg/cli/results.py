"""What was found, in lines on the console."""

from collections.abc import Sequence

from rich.table import Table

from sandseg.cli.console import out
from sandseg.score.summary import score_text


def composition_line(found: dict) -> str:
    """Say in one line what the sample is made of."""
    shares = ", ".join(
        f"{name} {'unknown' if share is None else f'{share:.1%}'}"
        for name, share in found["phase_fractions"].items()
    )
    if found["porosity"] is None:
        return f"Of the sample: {shares}"
    low, high = found["porosity_interval_95"]
    sure = "" if low is None else f" (95 % interval for sampling {low:.1%} to {high:.1%})"
    seen = "seen picture" if found["unseen_fraction"] else "picture"
    fills = f"the sample fills {found['sample_fraction']:.1%} of the {seen}"
    return f"Of the sample: {shares}; porosity {found['porosity']:.1%}{sure}; {fills}"


def connection_line(found: dict) -> str:
    """Say in one line how the pores hang together; "" where there is one slice."""
    if found["shape"][0] == 1 or found["porosity"] is None:
        return ""
    if found["open_porosity"] is None:
        return f"Which pores are connected is not known: {found['connected_note']}."
    parts = [f"Open porosity {found['open_porosity']:.1%}, closed {found['closed_porosity']:.1%}"]
    if found["connected_box"] is None:
        parts.append(f"what leads through is not known: {found['connected_note']}")
    else:
        shares = found["connected_porosity"].items()
        through = (
            f"{axis} {'none' if share is None else f'{share:.1%}'}" for axis, share in shares
        )
        parts.append(f"of the pores lead through along {', '.join(through)}")
    return "; ".join(parts)


def print_scores(found: dict) -> None:
    """Print how well labels agree with the truth: a line for each class, and the mean."""
    table = Table("class", "IoU (95 % interval)", "Dice", "precision", "recall", box=None)
    for name, iou in found["iou"].items():
        sure = found["iou_interval_95"][name]
        rest = [found[score][name] for score in ("dice", "precision", "recall")]
        if iou is None:
            table.add_row(name, "absent", *[""] * 3)
        else:
            table.add_row(name, with_interval(iou, sure), *map(score_text, rest))
    out.print(table)
    mean = with_interval(found["mean_iou"], found["mean_iou_interval_95"])
    region = found["scores_of"].replace("_", " ")
    accuracy = score_text(found["accuracy"])
    out.print(f"mean IoU {mean}, accuracy {accuracy} (of the {region})")


def with_interval(value: float | None, interval: Sequence[float | None]) -> str:
    """Return a score with its interval, as in "0.952 (0.948-0.955)", "none" where it has none."""
    if value is None:
        return "none"
    low, high = interval
    return score_text(value) + ("" if low is None else f" ({score_text(low)}-{score_text(high)})")
