import json

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.runs.segmentation import end_visit, sweep_visits
from sandseg.scan.formats import open_stack
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.uploads import kept as uploads
from sandseg.uploads import workspace
from sandseg.uploads.receive import Wanted, receive

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    return workspace.new_folder()


def keep(visit, files):
    wanted = Wanted(("tif",), is_many=True)
    return uploads.keep(receive(visit, files, wanted))


def tiff_bytes(tmp_path, array, **options):
    path = tmp_path / "made.tif"
    tifffile.imwrite(path, array, **options)
    return path.read_bytes()


def test_an_upload_is_found_again_by_its_link_with_all_that_was_understood(visit, tmp_path, rng):
    rock = rng.integers(0, 255, (3, 20, 30), np.uint8)
    content = tiff_bytes(tmp_path, rock, imagej=True, resolution=(1 / 2.5, 1 / 2.5),
                         metadata={"unit": "um", "axes": "ZYX"})  # fmt: skip

    kept = uploads.open_kept(keep(visit, [("<b>rock.tif", content)]))
    found = uploads.find(kept.id)

    assert found == kept
    assert found.title == "<b>rock.tif"
    assert found.voxel_size_um == pytest.approx(2.5)
    assert np.array_equal(np.stack([open_stack(found.path).read_slice(z) for z in range(3)]), rock)


def test_raw_voxels_are_kept_to_be_read_another_way(visit):
    folder = uploads.keep(receive(visit, [("r.raw", bytes(range(48)))], Wanted(("raw",))))

    first = uploads.open_kept(folder, layout=RawFormat.parse("2x4x6,u1"))
    second = uploads.open_kept(folder, layout=RawFormat.parse("1x4x6,>u2"))

    assert uploads.find(first.id) == second
    assert second.layout == RawFormat.parse("1x4x6,>u2")
    assert open_stack(second.path).read_slice(0)[0, 0] == 1


def test_files_become_one_stack_in_natural_order(visit, tmp_path):
    slices = {n: np.full((8, 9), n, np.uint8) for n in (10, 9, 2)}
    files = [(f"slice{n}.tif", tiff_bytes(tmp_path, image)) for n, image in slices.items()]

    folder = keep(visit, files)
    with pytest.raises(SeveralScansError, match="slices 3 to 8 seem to be missing") as caught:
        uploads.open_kept(folder)
    kept = uploads.open_kept(folder, is_one=True)

    assert caught.value.can_be_one
    assert "slices 3 to 8" in uploads.find(kept.id).warnings[0]
    stack = open_stack(kept.path)
    assert [stack.read_slice(z)[0, 0] for z in range(3)] == [2, 9, 10]
    assert (kept.n_files, kept.header) == (3, "")
    assert kept.apart == '"slice9.tif" follows "slice2.tif"'
    assert uploads.find(kept.id) == kept


def test_another_channel_is_another_stack_under_the_same_link(visit, tmp_path):
    image = np.stack([np.full((2, 8, 9), n, np.uint8) for n in (3, 7)], axis=1)
    content = tiff_bytes(tmp_path, image, imagej=True, metadata={"axes": "ZCYX"})
    folder = keep(visit, [("two.tif", content)])

    first = uploads.open_kept(folder, {"channel": 0})
    second = uploads.open_kept(folder, {"channel": 1})

    assert first.id == second.id
    assert first.path != second.path
    assert open_stack(second.path).read_slice(0)[0, 0] == 7
    assert uploads.find(second.id).choices.channel.chosen == 1


def test_a_voxel_size_set_by_hand_is_kept(visit, tmp_path):
    content = tiff_bytes(tmp_path, np.zeros((2, 8, 9), np.uint8))
    kept = uploads.open_kept(keep(visit, [("a.tif", content)]))

    uploads.set_voxel_size(kept, 1.25)

    assert uploads.find(kept.id).voxel_size_um == 1.25


def test_a_voxel_size_set_to_unknown_is_kept_whatever_the_file_said(visit, tmp_path):
    content = tiff_bytes(tmp_path, np.zeros((2, 8, 9), np.uint8), resolution=(4000, 4000),
                         resolutionunit="CENTIMETER")  # fmt: skip
    kept = uploads.open_kept(keep(visit, [("a.tif", content)]))
    assert kept.voxel_size_um == pytest.approx(2.5)

    uploads.set_voxel_size(kept, None)

    assert uploads.find(kept.id).voxel_size_um is None
    assert open_stack(kept.path).voxel_size_um is None


def test_what_is_no_stack_is_refused_and_can_be_looked_at_no_more(visit):
    folder = keep(visit, [("notes.tif", b"not a picture")])

    with pytest.raises(StackError, match=r"notes\.tif"):
        uploads.open_kept(folder)

    assert uploads.find(f"{visit.name}.{folder.name}") is None
    assert not list(folder.glob("stack-*"))


def test_a_stack_lies_on_the_disk_once_unless_another_part_of_its_file_can_be_taken(
    visit, tmp_path
):
    plain = tiff_bytes(tmp_path, np.zeros((2, 8, 9), np.uint8))
    channels = tiff_bytes(tmp_path, np.zeros((2, 2, 8, 9), np.uint8), imagej=True,
                          metadata={"axes": "ZCYX"})  # fmt: skip

    folders = [keep(visit, [("a.tif", content)]) for content in (plain, channels)]
    for folder in folders:
        uploads.open_kept(folder, {"channel": 0} if folder == folders[1] else {})

    assert [len(list(folder.glob("original-*"))) for folder in folders] == [0, 1]


@pytest.mark.parametrize("wanted", ["", "..", "../..", "a.b", f"{'x' * 22}/{'y' * 22}", "%00"])
def test_a_made_up_link_finds_nothing(visit, wanted):
    assert uploads.find(wanted) is None


def test_a_damaged_note_of_an_upload_counts_as_none(visit, tmp_path):
    kept = uploads.open_kept(
        keep(visit, [("a.tif", tiff_bytes(tmp_path, np.zeros((2, 8, 9), np.uint8)))])
    )
    for text in ("{", "{}", json.dumps({"choices": 3})):
        (kept.folder / uploads.FACTS).write_text(text)

        assert uploads.find(kept.id) is None


@pytest.mark.slow
def test_the_end_of_a_visit_removes_what_nobody_segmented(visit, tmp_path):
    content = tiff_bytes(tmp_path, np.zeros((2, 8, 9), np.uint8))
    idle, used, held = (uploads.open_kept(keep(visit, [("a.tif", content)])) for _ in range(3))
    (used.folder / uploads.JOBS).mkdir()
    uploads.hold(held)

    end_visit(visit)

    assert uploads.find(idle.id) is None
    assert [uploads.find(used.id), uploads.find(held.id)] == [used, held]


def test_after_a_server_was_killed_whole_uploads_stay_and_halves_go(visit, tmp_path):
    content = tiff_bytes(tmp_path, np.zeros((2, 8, 9), np.uint8))
    whole = uploads.open_kept(keep(visit, [("a.tif", content)]))
    half = workspace.new_folder(visit)
    (half / "original-000").write_bytes(bytes(1000))
    ended = whole.folder / uploads.JOBS / f"{uploads.ENDED}-1234"
    ended.mkdir(parents=True)

    sweep_visits()
    assert half.exists()  # its server lives

    workspace.end_serving(visit)
    sweep_visits()

    assert not half.exists()
    assert not ended.exists()
    assert uploads.find(whole.id) == whole
