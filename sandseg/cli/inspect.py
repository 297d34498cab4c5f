"""What was understood of a file, as plain numbers and words."""

from dataclasses import asdict

from sandseg.errors import StackError
from sandseg.measure.outside import missing_mask
from sandseg.scan.stack import Stack, check_values


def stack_facts(stack: Stack) -> dict:
    """Describe a stack; what would keep it from being segmented stands in the notes.

    Raises:
        StackError: The pixels of its middle slice are damaged.
    """
    middle = stack.read_slice(stack.n_slices // 2)
    finite = middle[~missing_mask(middle)]
    notes = list(stack.notes)
    if finite.size < middle.size:
        notes.append(
            f"{middle.size - finite.size:,} of {middle.size:,} pixels of the middle slice are "
            "missing (NaN or infinite); they are taken for outside the sample."
        )
    try:
        check_values(middle)
    except StackError as error:
        notes.append(f"The middle slice cannot be segmented: {error.message}")
    return {
        "name": stack.name,
        "shape": list(stack.shape),
        "dtype": str(stack.dtype),
        "axes": stack.axes,
        "voxel_size_um": stack.voxel_size_um,
        "compression": stack.compression,
        "grey_range_middle_slice": [float(finite.min()), float(finite.max())]
        if finite.size
        else [],
        "choices": {kind: asdict(choice) for kind, choice in stack.choices.open.items()},
        "notes": notes,
        "warnings": list(stack.warnings),
    }


def facts_rows(facts: dict) -> list[tuple[str, str]]:
    """Return the facts as rows of a table for people."""
    n_slices, height, width = facts["shape"]
    voxel = facts["voxel_size_um"]
    rows = [
        ("slices", str(n_slices)),
        ("size", f"{height} × {width} px"),
        ("type", facts["dtype"]),
        ("axes in the file", facts["axes"]),
        ("voxel size", f"{voxel:.4g} µm" if voxel else "unknown"),
        ("compression", facts["compression"]),
    ]
    if facts["grey_range_middle_slice"]:
        low, high = facts["grey_range_middle_slice"]
        rows.append(("grey values", f"{low:g} to {high:g} (middle slice)"))
    for kind, choice in facts["choices"].items():
        names = [f"{number}: {name}" for number, name in enumerate(choice["names"], start=1)]
        rows.append((f"--{kind}", "; ".join(names)))
    rows += [("note", note) for note in facts["notes"]]
    return rows + [("warning", warning) for warning in facts["warnings"]]
