import json

import pytest

from sandseg.cli.class_list import read_classes
from sandseg.errors import ConfigError


def test_classes_are_numbered_in_the_order_they_are_written(tmp_path):
    entries = [{"name": "void", "color": "#000000", "is_pore": True}]
    entries += [{"name": "grain", "color": "#ffffff"}]
    (tmp_path / "classes.json").write_text(json.dumps(entries))

    classes = read_classes(tmp_path / "classes.json")

    assert [(c.value, c.name, c.is_pore) for c in classes] == [
        (0, "void", True),
        (1, "grain", False),
    ]


@pytest.mark.parametrize("text", ["", "{}", '[{"name": "air"}]', '[{"name": "a", "color": "#12"}]'])
def test_what_is_no_list_of_classes_is_refused_by_name(tmp_path, text):
    (tmp_path / "classes.json").write_text(text)

    with pytest.raises(ConfigError, match=r"classes\.json cannot be read"):
        read_classes(tmp_path / "classes.json")
