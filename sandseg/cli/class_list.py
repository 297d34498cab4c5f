"""What the outputs of a network mean, from a file somebody wrote by hand."""

import json
from pathlib import Path

from sandseg.classes import SegmentationClass
from sandseg.errors import ConfigError


def read_classes(path: Path) -> tuple[SegmentationClass, ...]:
    """Read a list of classes, in the order of their labels; their numbers may be left out.

    Raises:
        ConfigError: The file cannot be read as one.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(entries, list):
            raise TypeError("it is no list")
        classes = tuple(
            SegmentationClass(**{"value": value, **entry}) for value, entry in enumerate(entries)
        )
        if any(len(material.rgb) != 3 for material in classes):
            raise ValueError("a color is not #rrggbb")
    except (ValueError, TypeError, OSError) as error:
        raise ConfigError(
            f"The classes in {path.name} cannot be read ({error}).",
            hint='Write a JSON list such as [{"name": "air", "color": "#1B2A5C"}].',
        ) from error
    return classes
