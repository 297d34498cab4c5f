"""What every file that leaves says of itself: from what, by what and how it was made."""

from collections.abc import Mapping

CONFIDENCE_INFO = "SandSeg confidence: probability of each pixel's label, 0 to 1\n"


def provenance(report: Mapping) -> dict[str, object]:
    """Return what a file says of itself, of a report as `segmentation_report` makes it.

    Returns:
        A number, a text or None by name; names carry their unit. Slices are called as on screen.
    """
    first, last = report["slices"][0]["slice"], report["slices"][-1]["slice"]
    z, y, x = report["spacing_zyx_um"] or (None, None, None)
    grey = report["grey"]
    return {
        "file": report["source"],
        "slices": str(first) if first == last else f"{first} to {last}",
        "voxel_size_x_um": x,
        "voxel_size_y_um": y,
        "voxel_size_z_um": z,
        "sample": report["sample"],
        "sample_fraction": report["sample_fraction"],
        "model": report["model"],
        "model_sha256": report["model_sha256"],
        "black_grey_value": grey["low"],
        "white_grey_value": grey["high"],
        "grey_mapping": grey["kind"],
        "rescaled_by": report["rescaled_by"],
        "drift_evened_out": report["drift_evened_out"],
        "verdict": report["domain"]["verdict"],
        "sandseg_version": report["sandseg_version"],
        "created": report["created"],
        "command": report["command"],
    }


def pore_facts(report: Mapping) -> dict[str, object]:
    """Return what a report says of the pores of its whole stack, by the names of columns."""
    if "open_porosity" not in report:
        return {}
    names = ("open_porosity", "closed_porosity")
    through = report["connected_porosity"]
    return {
        "stack_porosity": report["porosity"],
        **{f"stack_{name}": report[name] for name in names},
        **{f"stack_connected_porosity_{axis}": through[axis] for axis in through},
    }


def as_lines(facts: Mapping[str, object]) -> str:
    """Return facts as text, a line each; what is not known is said so."""
    return "".join(f"{name}: {as_text(value) or 'not known'}\n" for name, value in facts.items())


def as_text(fact: object) -> str:
    """Return a fact in one line, "" where it is not known."""
    return "" if fact is None else " ".join(str(fact).split())
