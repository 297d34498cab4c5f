"""What was found, in lines on the console."""

from rich.table import Table

from sandseg.cli.console import out


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
    table = Table("class", "IoU", "Dice", "precision", "recall", box=None)
    for name in found["iou"]:
        values = [found[score][name] for score in ("iou", "dice", "precision", "recall")]
        table.add_row(name, *("absent" if v is None else f"{v:.4f}" for v in values))
    out.print(table)
    shown = [
        "none" if found[score] is None else f"{found[score]:.4f}"
        for score in ("mean_iou", "accuracy")
    ]
    region = found["scores_of"].replace("_", " ")
    out.print("mean IoU {}, accuracy {} ({})".format(*shown, f"of the {region}"))
