from sandseg.atomic import read_json, write_json, write_text


def test_text_is_written_whole(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "µm\n")
    write_text(path, "Porosität\n")

    assert path.read_bytes() == "Porosität\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_small_files_are_written_whole_and_missing_ones_are_empty(tmp_path):
    for content in ({"a": [1, "µ"]}, {"b": None}):
        write_json(tmp_path / "small.json", content)
        assert read_json(tmp_path / "small.json") == content

    assert read_json(tmp_path / "other.json") == {}
    assert [path.name for path in tmp_path.iterdir()] == ["small.json"]
