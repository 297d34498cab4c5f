from dataclasses import replace
from pathlib import Path

import pytest

from pages.cache.rocks import forget_samples, list_samples
from pages.session.asked import command_for, origin_of
from pages.session.state import Source
from sandseg.model.store import load_model
from sandseg.scan.choices import Choice, Choices
from sandseg.uploads.kept import Upload

UPLOAD = Upload("visit.upload", "my scan.tif", Path("/w/visit/upload/stack-0/stack.tif"))
SOURCE = Source("visit.upload", "my scan.tif", str(UPLOAD.path), upload=UPLOAD)


@pytest.fixture
def model(grey_model_folder):
    return load_model("grey", grey_model_folder)


def with_upload(**changes):
    return replace(SOURCE, upload=replace(UPLOAD, **changes))


def test_the_command_names_the_visitors_file_not_the_copy(model):
    command = command_for(SOURCE, model)

    assert command == (
        "python -m sandseg segment 'my scan.tif' -o my_scan_labels.tif --model=grey --grey=auto"
    )


def test_a_slice_of_a_stack_is_asked_for_by_its_number(model):
    assert command_for(SOURCE, model, 32).endswith("--slices=33:33")


def test_what_was_chosen_of_a_file_is_in_the_command(model):
    choices = Choices(channel=Choice(("a", "b"), 1), time=Choice(("x", "y"), None))

    command = command_for(with_upload(choices=choices, voxel_size_um=2.5), model)

    assert command.endswith("--channel=2 --voxel-size=2.5")


def test_of_several_files_the_command_names_a_folder_of_them(model):
    source = replace(with_upload(n_files=3), title="s1.tif and 2 more")

    assert "segment 'a folder with s1.tif and 2 more' -o" in command_for(source, model)


def test_the_built_in_rock_is_made_first(model):
    command = command_for(Source("phantom", "Synthetic sandstone", "phantom"), model)

    assert command.startswith(
        "python -m sandseg phantom -o rock && python -m sandseg segment rock/image.tif -o "
    )


def test_a_copy_knows_what_it_was_made_from(model):
    origin = origin_of(with_upload(apart="slices are missing"), model)

    assert (origin.title, origin.apart) == ("my scan.tif", "slices are missing")
    assert origin.command == command_for(SOURCE, model)


def test_slices_of_the_real_rock_are_known_to_lie_apart(model, sandstone_dir, monkeypatch):
    monkeypatch.setenv("SANDSEG_DATA", str(sandstone_dir.parent))
    forget_samples()
    [sample] = [sample for sample in list_samples() if sample.key == "sandstone"]
    together = Source(sample.key, sample.title, sample.key, numbers=sample.numbers)
    [one] = [sample for sample in list_samples() if sample.numbers == ("0150",)]

    origin = origin_of(together, model)
    single = command_for(Source(one.key, one.title, one.key, numbers=one.numbers), model)

    assert origin.apart == "the slices of this sample lie apart"
    assert origin.numbers == sample.numbers
    assert "'a folder with Sandstone_Versa0000.tif and 6 more'" in origin.command
    assert "segment Sandstone_Versa0150.tif -o Sandstone_slice_0150_labels.tif" in single
    assert f"--voxel-size={one.voxel_size_um}" in single
    forget_samples()
