from sandseg.export.provenance import as_lines, pore_facts, provenance

REPORT = {
    "source": "a\nb.tif",
    "slices": [{"slice": 3}, {"slice": 4}],
    "spacing_zyx_um": [3.0, 2.0, 1.5],
    "sample_fraction": 0.5,
    "model": "grey",
    "model_sha256": "0" * 64,
    "grey": {"low": 0.0, "high": 255.0, "kind": "identity"},
    "rescaled_by": 1.0,
    "sample": "auto",
    "drift_evened_out": 0,
    "domain": {"verdict": "fits"},
    "sandseg_version": "0.1.0",
    "created": "2024-01-01T00:00:00+00:00",
    "command": "python -m sandseg segment 'a b.tif' -o labels.tif",
}


def test_a_file_says_from_what_by_what_and_how_it_was_made():
    facts = provenance(REPORT)

    assert (facts["voxel_size_x_um"], facts["voxel_size_y_um"], facts["voxel_size_z_um"]) == (
        1.5,
        2.0,
        3.0,
    )
    assert facts["slices"] == "3 to 4"
    assert facts["command"] == REPORT["command"]
    assert "file: a b.tif\n" in as_lines(facts)  # a name cannot add lines of its own


def test_what_is_not_known_is_said_so():
    facts = provenance(REPORT | {"spacing_zyx_um": None, "slices": [{"slice": "0300"}]})

    assert facts["slices"] == "0300"
    assert "voxel_size_z_um: not known\n" in as_lines(facts)


def test_the_pores_of_a_stack_are_told_where_they_were_counted():
    assert pore_facts(REPORT) == {}
    whole = {"porosity": 0.2, "open_porosity": 0.15, "closed_porosity": 0.05}
    assert pore_facts(REPORT | whole | {"connected_porosity": {"z": 0.5, "y": None, "x": 0}}) == {
        "stack_porosity": 0.2,
        "stack_open_porosity": 0.15,
        "stack_closed_porosity": 0.05,
        "stack_connected_porosity_z": 0.5,
        "stack_connected_porosity_y": None,
        "stack_connected_porosity_x": 0,
    }
