import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from pages.cache import models
from pages.cache import trainings as run_cache
from pages.cache.trainings import MOST_PICTURES, Replay, pack
from pages.words.trainings import duration, progress, progress_text
from sandseg.atomic import write_json
from sandseg.classes import SANDSTONE
from sandseg.config import preset
from sandseg.export.pictures import encode_palette_png, encode_png
from sandseg.model.store import list_models, load_model, write_card
from sandseg.ownership import sign
from sandseg.runs import control, estimates
from sandseg.runs.folder import (
    CHECKPOINT,
    METRICS,
    MODEL,
    PAUSE,
    REPLAY,
    SAMPLES,
    STATUS,
    STOP,
    RunSamples,
    RunStatus,
    run_path,
    samples_from,
)
from sandseg.runs.permissions import Visitor, may_change
from sandseg.runs.process import LOG, kill, launch
from sandseg.runs.settings import DataSource, RunSettings, write_settings

TRAIN = "pages/train.py"
ROOT = Path(__file__).resolve().parents[2]
N_EPOCHS = 4


@pytest.fixture(autouse=True)
def measured(monkeypatch, tmp_path):
    """What the page wants measured; a measurement loads TensorFlow and takes a minute."""
    asked = []
    monkeypatch.setattr(estimates, "cache_folder", lambda: tmp_path / "nothing measured yet")
    monkeypatch.setattr(
        estimates, "start_estimate", lambda settings, token="": asked.append(settings)
    )
    return asked


@pytest.fixture
def runs_dir(tmp_path, monkeypatch):
    """A folder for runs; whatever still works in it at the end of the test is ended."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("SANDSEG_RUNS", str(folder))
    for name in ("SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN", "SANDSEG_TRAINING_MAX_QUEUE"):
        monkeypatch.delenv(name, raising=False)
    run_cache.forget()
    yield folder
    for run in folder.iterdir():
        if run.is_dir():
            kill(run)


@pytest.fixture
def own_models(models_dir, tmp_path, monkeypatch):
    """A models folder that a test may add to."""
    folder = tmp_path / "models"
    folder.mkdir()
    for model in models_dir.iterdir():
        (folder / model.name).symlink_to(model)
    return folder


@pytest.fixture
def open_train(open_page, runs_dir, own_models, monkeypatch):
    def open_train(**query):
        monkeypatch.setenv("SANDSEG_MODELS", str(own_models))
        run_cache.forget()
        return open_page(TRAIN, **query)

    return open_train


def record(epoch):
    iou = [0.5 + 0.1 * epoch, 0.2, 0.9, None]
    return {
        "epoch": epoch,
        "n_epochs": N_EPOCHS,
        "loss": 1 / epoch,
        "iou": iou,
        "mean_iou": (1.6 + 0.1 * epoch) / 3,
        "seconds": 2.0,
        "validation_loss": 1.2 / epoch,
    }


def write_samples(folder, n_epochs):
    folder.mkdir()
    labels = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64) % 4
    (folder / "image.png").write_bytes(encode_png(labels * 60))
    for name in ("truth", *(f"epoch_{epoch:03}" for epoch in range(1, n_epochs + 1))):
        (folder / f"{name}.png").write_bytes(encode_palette_png(labels))


def make_run(root, state, n_done=2, name="run-1", **entries):
    """A run as its process leaves it on disk."""
    folder = root / name
    folder.mkdir()
    config = replace(preset("tiny"), epochs=N_EPOCHS, steps_per_epoch=5)
    write_settings(folder, RunSettings(DataSource("phantom"), config, title="Little [net]"))
    status = {"state": state, "epoch": n_done, "n_steps": 5, "step": 3, "seconds": 9.0}
    write_json(folder / STATUS, status | {"device": "A processor"} | entries)
    lines = [json.dumps(record(epoch + 1)) for epoch in range(n_done)]
    (folder / METRICS).write_text("".join(f"{line}\n" for line in lines))
    write_samples(folder / SAMPLES, n_done)
    (folder / CHECKPOINT).mkdir()
    run_cache.forget()
    return folder


@pytest.fixture
def at_work(runs_dir):
    """A run whose process is there, and does nothing."""
    folder = make_run(runs_dir, "running", seconds_left=75.0, message="Training")
    launch([sys.executable, "-c", "import time; time.sleep(600)", str(folder)], folder)
    return folder


def add_model(folder, source, scores=True):
    """Give a run the model of another folder, with scores and a history."""
    made = folder / MODEL
    made.mkdir()
    for name in ("model.xml", "model.bin"):
        (made / name).write_bytes((source / name).read_bytes())
    card = json.loads((source / "card.json").read_text())
    names = [material.name for material in SANDSTONE]
    found = {
        "confusion_matrix": [[90, 10, 0, 0], [5, 45, 0, 0], [0, 3, 97, 0], [0, 0, 0, 0]],
        "iou": dict(zip(names, [0.86, 0.71, 0.97, None], strict=True)),
        "dice": dict(zip(names, [0.92, 0.83, 0.98, None], strict=True)),
        "mean_iou": 0.85,
        "iou_interval": {"air": [0.8, 0.9]},
        "mean_iou_interval": [0.8, 0.9],
    }
    card["scores"] = {"validation": {"slices": ["1", "2"], "whole slice": found}} if scores else {}
    card["history"] = [record(epoch + 1) for epoch in range(3)]
    write_card(made, card, ("model.xml", "model.bin"))
    return made


@pytest.fixture
def finished(runs_dir, models_dir):
    folder = make_run(runs_dir, "done", N_EPOCHS)
    add_model(folder, next(models_dir.iterdir()))
    return folder


def words(at):
    parts = [*at.markdown, *at.caption, *at.info, *at.error, *at.warning]
    return " ".join(part.value for part in parts).replace("\\", "")


def button(at, label):
    return next(one for one in at.button if one.label == label)


def labels_of(at):
    return [one.label for one in at.button]


def header(at):
    """What the replay tells the browser."""
    for component in at.get("bidi_component"):
        raw = component.proto.SerializeToString()
        start = raw.find(b'{"key": ')
        if start >= 0:
            return json.JSONDecoder().raw_decode(raw[start:].decode("utf-8", "replace"))[0]
    return None


def patches(at):
    """The pictures of what the network will see, as HTML."""
    bodies = [html.proto.body for html in at.get("html")]
    return next(body for body in bodies if 'class="patches"' in body)


def tiff(array):
    handle = io.BytesIO()
    tifffile.imwrite(handle, array, photometric="minisblack")
    return handle.getvalue()


def upload_pair(at, images, labels):
    at.selectbox(key="data").set_value("own").run()
    at.file_uploader[0].upload("rock.tif", tiff(images), "image/tiff").run()
    at.file_uploader[1].upload("labels.tif", tiff(labels), "image/tiff").run()
    return at


# ----------------------------------------------------------------------------------- a new training


def test_an_empty_session_sees_one_button_and_what_it_takes(open_train, measured):
    at = open_train()

    assert not at.exception
    assert not at.error
    assert button(at, "Start training").disabled is False
    assert "10 epochs of 60 steps on synthetic sandstone" in words(at)
    assert "237,428 weights" in words(at)
    assert "data:image/jpeg" in patches(at)
    assert measured[0].config == replace(preset("tiny"), warmup_steps=100)


@pytest.mark.slow
def test_the_page_loads_neither_keras_nor_tensorflow(runs_dir, models_dir):
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "at = AppTest.from_file('app.py', default_timeout=120).run()\n"
        "at.switch_page('pages/train.py')\n"
        "assert not at.run().exception\n"
        "sys.exit(str({'keras', 'tensorflow'} & set(sys.modules) or '') or 0)\n"
    )
    environment = {"SANDSEG_MODELS": str(models_dir), "SANDSEG_TRAINING_TOKEN": "none measures"}

    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )

    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.slow
def test_what_is_chosen_is_what_is_trained(open_train, at_work):
    at = open_train()
    button(at, "New training").click().run()

    at.number_input(key="Epochs-tiny").set_value(3)
    at.number_input(key="Steps per epoch-tiny").set_value(7)
    at.number_input(key="Seed-tiny").set_value(11)
    at.selectbox(key="loss-tiny").set_value("focal")
    at.selectbox(key="schedule-tiny").set_value("constant")
    at.toggle(key="augment-tiny").set_value(False)
    at.text_input(key="class-phantom-4-1").set_value("mud").run()
    button(at, "Start training").click().run()

    newest = next(s for s in control.list_runs() if s.id != at_work.name)
    settings = control.read_settings(newest.id)
    assert not at.exception
    assert (settings.config.epochs, settings.config.steps_per_epoch) == (3, 7)
    assert (settings.config.seed, settings.config.loss) == (11, "focal")
    assert (settings.config.schedule, settings.config.augment) == ("constant", False)
    assert settings.classes[1].name == "mud"
    assert newest.state == "queued"


def test_a_training_that_has_to_wait_says_so(open_train, at_work):
    at = open_train()
    button(at, "New training").click().run()
    assert "A training is at work" in words(at)

    button(at, "Start training").click().run()

    texts = [bar.proto.text for bar in at.get("progress")]
    assert texts == ["Waiting, next in the queue; one training runs at a time"]
    assert at.query_params["run"] == next(s.id for s in control.list_runs() if s.state == "queued")


def test_an_impossible_choice_is_refused_and_nothing_entered_is_lost(open_train):
    at = open_train()
    at.number_input(key="Epochs-tiny").set_value(17).run()

    at.number_input(key="Edge of a patch in pixels-tiny").set_value(100).run()

    assert not at.exception
    assert "no multiple of 16 px" in words(at)
    assert "Choose a multiple of 16 px" in words(at)
    assert button(at, "Start training").disabled
    assert at.number_input(key="Epochs-tiny").value == 17
    at.number_input(key="Edge of a patch in pixels-tiny").set_value(96).run()
    assert not at.error
    assert button(at, "Start training").disabled is False


def test_a_patch_larger_than_the_slices_is_seen_before_the_training(open_train):
    at = open_train()

    at.number_input(key="Edge of a patch in pixels-tiny").set_value(512).run()

    assert not at.exception
    assert "a patch is 512 px" in words(at)


def test_two_classes_of_one_name_are_refused(open_train):
    at = open_train()

    at.text_input(key="class-phantom-4-1").set_value("air").run()

    assert "Two classes have the same name" in words(at)
    assert button(at, "Start training").disabled


def test_the_split_by_patch_says_that_it_leaks(open_train):
    at = open_train()

    at.selectbox(key="split-tiny").set_value("patch").run()

    assert "the score flatters" in words(at)


def test_other_patches_are_other_pictures_and_the_same_seed_draws_the_same(open_train):
    at = open_train()
    before = patches(at)

    button(at, "Others").click().run()
    other = patches(at)

    assert other != before
    assert patches(open_train()) == before


def test_a_stored_model_gives_its_shape_to_the_network_that_goes_on_from_it(open_train, at_work):
    at = open_train()
    button(at, "New training").click().run()
    name = list_models()[0].name

    at.selectbox(key="start-from").set_value(name).run()
    button(at, "Start training").click().run()

    settings = control.read_settings(next(s.id for s in control.list_runs() if s.state == "queued"))
    assert settings.start_from == name
    assert settings.config.unet.filters == load_model(name).unet.filters


def test_own_slices_are_learned_from(open_train, at_work, rng):
    at = open_train()
    button(at, "New training").click().run()
    labels = rng.integers(0, 3, (5, 160, 160)).astype(np.uint8)

    upload_pair(at, labels * 70, labels)

    assert not at.exception
    assert not at.error
    assert "5 slices of 160 × 160 pixels" in words(at)
    assert "values 0, 1, 2" in words(at)
    button(at, "Start training").click().run()
    settings = control.read_settings(next(s.id for s in control.list_runs() if s.state == "queued"))
    assert settings.config.unet.n_classes == 3
    np.testing.assert_array_equal(tifffile.imread(settings.source.labels), labels)


def test_before_the_start_it_is_said_which_slices_do_what_and_few_can_be_chosen(
    open_train, at_work, rng
):
    at = open_train()
    button(at, "New training").click().run()
    labels = rng.integers(0, 3, (4, 160, 160)).astype(np.uint8)
    upload_pair(at, labels * 70, labels)
    assert "its test is" in words(at)

    first, second = at.multiselect
    first.set_value([first.options[0]])
    second.set_value([]).run()

    assert not at.error
    learns, chooses = re.search(
        r"Learns from (.*); its best weights are chosen by (.*?)\.", words(at)
    ).groups()
    assert "[1]" in chooses
    assert all(f"[{z}]" in learns for z in (2, 3, 4))
    assert "its test is" not in words(at)
    button(at, "Start training").click().run()
    settings = control.read_settings(next(s.id for s in control.list_runs() if s.state == "queued"))
    assert (len(settings.validate), settings.test) == (1, ())


def test_labels_of_some_slices_are_learned_from_where_it_is_said_which(open_train, at_work, rng):
    at = open_train()
    button(at, "New training").click().run()
    labels = rng.integers(0, 3, (6, 160, 160)).astype(np.uint8)
    upload_pair(at, labels * 70, labels[[1, 4, 5]])
    assert "the labels are 3 slices" in words(at)

    at.text_input(key=next(t.key for t in at.text_input if "label-slices" in (t.key or ""))).input(
        "2, 5-6"
    ).run()

    assert not at.error
    assert all(f"[{z}]" in words(at) for z in (2, 5, 6))
    button(at, "Start training").click().run()
    settings = control.read_settings(next(s.id for s in control.list_runs() if s.state == "queued"))
    assert settings.source.label_slices == (1, 4, 5)


def test_a_slice_cannot_both_choose_and_test(open_train, at_work, rng):
    at = open_train()
    button(at, "New training").click().run()
    labels = rng.integers(0, 3, (4, 160, 160)).astype(np.uint8)
    upload_pair(at, labels * 70, labels)

    for choice in at.multiselect:
        choice.set_value([choice.options[0]])
    at.run()

    assert "is to choose the weights and to test them" in words(at)
    assert button(at, "Start training").disabled


def test_two_classes_can_share_one_output(open_train, at_work, rng):
    at = open_train()
    button(at, "New training").click().run()
    labels = rng.integers(0, 2, (3, 160, 160)).astype(np.uint8)
    upload_pair(at, labels * 70, labels)

    at.toggle(key="is-binary").set_value(True).run()
    button(at, "Start training").click().run()

    settings = control.read_settings(next(s.id for s in control.list_runs() if s.state == "queued"))
    assert settings.config.unet.n_classes == 1
    assert len(settings.classes) == 2


def test_labels_of_unknown_values_are_asked_about(open_train, at_work, rng):
    at = open_train()
    button(at, "New training").click().run()
    labels = rng.integers(0, 2, (3, 160, 160)).astype(np.uint8)

    upload_pair(at, labels * 70, labels * 255)

    assert "do not say which class" in words(at)
    assert button(at, "Start training").disabled
    button(at, "Use these meanings").click().run()
    assert not at.error
    button(at, "Start training").click().run()
    settings = control.read_settings(next(s.id for s in control.list_runs() if s.state == "queued"))
    np.testing.assert_array_equal(tifffile.imread(settings.source.labels), labels)


def test_slices_in_place_of_labels_are_refused(open_train, rng):
    at = open_train()

    upload_pair(at, *[rng.integers(0, 255, (2, 160, 160)).astype(np.uint8)] * 2)

    assert "different values, but there are at most 8 classes" in words(at)
    assert "2 slices of 160 × 160 pixels" in words(at)


# ----------------------------------------------------------------------------------------- watching


def test_a_training_at_work_comes_first(open_train, at_work):
    at = open_train()

    assert not at.exception
    bar = at.get("progress")[0].proto
    assert bar.text == "Epoch 3 of 4, step 3 of 5 · 75 s left"
    assert bar.value == 65
    assert header(at)["pictures"] == [1, 2]
    assert header(at)["nEpochs"] == N_EPOCHS
    assert at.query_params["run"] == at_work.name


@pytest.mark.parametrize(("label", "request_file"), [("Pause", PAUSE), ("Stop", STOP)])
def test_a_press_asks_the_training_to_end(open_train, at_work, label, request_file):
    at = open_train()

    button(at, label).click().run()

    assert not at.exception
    assert (at_work / request_file).exists()
    assert "Ending after the step at work" in at.get("progress")[0].proto.text
    assert not {"Pause", "Stop", "Resume"} & set(labels_of(at))


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("paused", {"Resume", "Finish", "Delete this training"}),
        ("stopped", {"Resume", "Delete this training"}),
        ("done", {"Delete this training"}),
    ],
)
def test_each_state_offers_what_can_be_done(open_train, runs_dir, state, offered):
    make_run(runs_dir, state)

    at = open_train()

    assert offered <= set(labels_of(at))
    assert "Pause" not in labels_of(at)
    assert ("Resume" in labels_of(at)) == ("Resume" in offered)


def test_a_resumed_training_waits_for_its_turn(open_train, at_work, runs_dir):
    make_run(runs_dir, "paused", name="run-2")
    at = open_train(run="run-2")

    button(at, "Resume").click().run()

    assert not at.exception
    assert control.run_status("run-2").state == "queued"
    assert "Waiting, next in the queue" in at.get("progress")[0].proto.text


def test_a_deleted_training_is_gone(open_train, runs_dir):
    folder = make_run(runs_dir, "stopped")
    at = open_train()

    button(at, "Delete this training").click().run()

    assert not at.exception
    assert not folder.exists()
    assert "Start training" in labels_of(at)


def test_a_failed_training_says_why_and_shows_its_log_as_plain_text(open_train, runs_dir):
    folder = make_run(runs_dir, "running")  # its process is gone
    (folder / LOG).write_text("one\n<b>two</b>\nerror: The *memory* is full.\nhint: Take less.\n")

    at = open_train()

    assert not at.exception
    assert "The *memory* is full." in at.error[0].value.replace("\\", "")
    assert "Take less." in at.info[0].value
    assert "<b>two</b>" in at.code[0].value
    assert "Resume" in labels_of(at)


def test_a_training_that_was_deleted_meanwhile_is_named_as_gone(open_train, runs_dir):
    at = open_train(run="../../etc")

    assert not at.exception
    assert "not here any more" in words(at)
    assert "Start training" in labels_of(at)


def test_thirty_watchers_read_a_run_once(at_work, monkeypatch):
    reads = []
    real = control.run_status
    monkeypatch.setattr(control, "run_status", lambda run_id: reads.append(run_id) or real(run_id))
    monkeypatch.setattr(run_cache, "FRESH_S", 3600.0)

    for _ in range(30):
        run_cache.run_status(at_work.name)

    assert len(reads) == 1


def test_pictures_are_packed_again_when_there_is_a_new_epoch(at_work):
    before = run_cache.run_replay(at_work.name, 0)
    assert run_cache.run_replay(at_work.name, 0) is before

    with (at_work / METRICS).open("a") as file:
        file.write(json.dumps(record(3)) + "\n")

    assert run_cache.run_replay(at_work.name, 0) != before


# ------------------------------------------------------------------------------- the end and replay


def test_a_finished_training_shows_how_good_its_model_is(open_train, finished):
    at = open_train()

    assert not at.exception
    assert "**Finished** after 4 epochs, 9 s" in words(at)
    assert "On 2 slices, which chose the best epoch." in words(at)
    assert "| **mean** | **0.850** | 0.800 to 0.900 | |" in words(at)


def test_its_model_is_used_under_a_name(open_train, finished, own_models):
    at = open_train()

    at.text_input(key=f"name-{finished.name}").set_value("my-rock").run()
    button(at, "Add it to the models").click().run()

    assert not at.exception
    assert "my-rock" in [model.name for model in list_models(own_models)]
    assert "Segment with it" in labels_of(at)


def test_a_name_that_is_taken_is_refused(open_train, finished, own_models):
    at = open_train()
    taken = next(own_models.iterdir()).name

    at.text_input(key=f"name-{finished.name}").set_value(taken).run()
    button(at, "Add it to the models").click().run()

    assert "already" in words(at)
    assert at.text_input(key=f"name-{finished.name}").value == taken


def test_a_model_without_a_score_says_so(open_train, runs_dir, models_dir):
    add_model(make_run(runs_dir, "done"), next(models_dir.iterdir()), scores=False)

    assert "no score to defend" in words(open_train())


@pytest.fixture
def kept(own_models, models_dir, tmp_path):
    """A stored model that carries the pictures of its training."""
    made = add_model(make_run(tmp_path, "done", name="elsewhere"), next(models_dir.iterdir()))
    write_samples(made / REPLAY, 3)
    made.rename(own_models / "kept")
    return "kept"


def test_a_lesson_needs_no_training(open_train, kept):
    at = open_train(replay=kept, epoch="2")

    assert not at.exception
    assert header(at)["asked"] == 2
    assert header(at)["pictures"] == [1, 2, 3]
    assert at.query_params["replay"] == kept


@pytest.mark.parametrize("epoch", ["-1", "two", "9" * 40])
def test_a_foreign_epoch_in_the_address_counts_for_none(open_train, kept, epoch):
    assert header(open_train(replay=kept, epoch=epoch))["asked"] == 0


# ------------------------------------------------------------------------- what the operator allows


def test_where_training_is_off_a_lesson_can_still_be_watched(open_train, kept, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    at = open_train()

    assert "Training is switched off on this server" in words(at)
    assert header(at)["pictures"] == [1, 2, 3]
    assert not {"Start training", "New training"} & set(labels_of(at))


def test_where_training_is_off_and_nothing_can_be_watched_it_is_not_in_the_menu(
    open_train, monkeypatch
):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    with pytest.raises(ValueError, match="train"):
        open_train()


def test_a_token_guards_what_changes_and_not_what_is_watched(open_train, at_work, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "let me in")
    at = open_train(run=at_work.name)
    assert header(at)["pictures"] == [1, 2]
    assert not {"Pause", "Stop"} & set(labels_of(at))

    at.text_input(key="training_token").set_value("please").run()
    assert "This is not the token" in words(at)
    assert not {"Pause", "Stop"} & set(labels_of(at))

    at.text_input(key="training_token").set_value("let me in").run()
    assert {"Pause", "Stop"} <= set(labels_of(at))


def test_a_training_of_another_visitor_is_in_no_list_and_its_link_is_for_looking(
    open_train, finished, own_models, monkeypatch
):
    sign(finished, "a key of another browser")
    assert "Start training" in labels_of(open_train())
    assert header(open_train()) is None

    at = open_train(run=finished.name)
    assert header(at)["pictures"] == [1, 2, 3, 4]
    assert not {"Delete this training", "Add it to the models", "Resume"} & set(labels_of(at))
    assert not at.get("popover")

    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "let me in")
    at = open_train(run=finished.name)
    at.text_input(key="training_token").set_value("let me in").run()
    assert {"Delete this training", "Add it to the models"} <= set(labels_of(at))


def test_what_a_visitor_begins_is_theirs(open_train, at_work):
    sign(at_work, "a key of another browser")
    at = open_train()

    button(at, "Start training").click().run()

    (own,) = [s for s in control.list_runs() if s.id != at_work.name]
    assert at.query_params["run"] == own.id
    assert not may_change(run_path(own.id), Visitor(key="a key of another browser"))
    button(at, "Delete this training").click().run()
    assert [s.id for s in control.list_runs()] == [at_work.name]


def test_where_training_is_off_not_even_ones_own_is_offered(
    open_train, kept, finished, monkeypatch
):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    at = open_train(run=finished.name)

    assert not {"Delete this training", "Add it to the models"} & set(labels_of(at))
    assert header(open_train())["key"].startswith("model-")


def test_where_it_is_open_nobody_is_asked_for_the_token_to_begin(open_train, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "open")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "let me in")

    at = open_train()

    assert not button(at, "Start training").disabled
    at.text_input(key="training_token").set_value("let me in").run()
    assert not at.exception


def test_an_added_model_is_removed_where_it_was_added(open_train, finished, own_models):
    at = open_train()
    at.text_input(key=f"name-{finished.name}").set_value("my-rock").run()
    button(at, "Add it to the models").click().run()

    at.button(key="Hide-model-my-rock").click().run()
    assert "my-rock" not in [model.name for model in models.list_models()]
    assert "my-rock" in [model.name for model in models.all_models()]
    at.button(key="Show-model-my-rock").click().run()
    assert "my-rock" in [model.name for model in models.list_models()]
    assert not [b.key for b in at.button if b.key and b.key.startswith("Remove-model-sandstone")]
    at.button(key="Remove-model-my-rock").click().run()

    assert not at.exception
    assert "my-rock" not in [model.name for model in list_models(own_models)]
    assert "Remove" not in labels_of(open_train())


def test_the_teacher_resets_after_they_were_asked(open_train, finished, own_models, monkeypatch):
    sign(finished, "a key of another browser")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "let me in")
    at = open_train(run=finished.name)
    assert "Reset now" not in labels_of(at)
    at.text_input(key="training_token").set_value("let me in").run()

    assert "1 training" in words(at)
    assert button(at, "Reset now").disabled
    at.checkbox(key="reset-sure").set_value(True).run()
    button(at, "Reset now").click().run()

    assert not at.exception
    assert control.list_runs() == []
    assert "nothing would go" in words(at)


def test_nothing_is_measured_for_those_without_the_token(open_train, measured, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "let me in")

    at = open_train()

    assert button(at, "Start training").disabled
    assert not measured


def test_a_full_queue_says_so(open_train, at_work, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING_MAX_QUEUE", "1")
    at = open_train()
    for _ in range(2):
        button(at, "New training").click().run()
        button(at, "Start training").click().run()

    assert not at.exception
    assert "this server lets no more than 1 wait" in words(at)
    assert len(control.list_runs()) == 2


def test_a_rule_that_is_no_number_is_named(open_train, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING_MAX_QUEUE", "many")

    assert 'SANDSEG_TRAINING_MAX_QUEUE is "many"' in words(open_train())


# ---------------------------------------------------------------------------------------- the parts


def test_a_long_training_travels_with_few_pictures_and_its_last(tmp_path):
    write_samples(tmp_path / SAMPLES, 3)
    n_epochs = 5 * MOST_PICTURES + 1
    picture = tmp_path / SAMPLES / "epoch_001.png"
    epochs = tuple((epoch + 1, picture) for epoch in range(n_epochs))
    samples = replace(samples_from(tmp_path / SAMPLES), epochs=epochs)
    history = [record(epoch + 1) for epoch in range(n_epochs)]

    packed = pack("x", Replay(SANDSTONE, history, n_epochs, samples), 0)

    shown = json.JSONDecoder().raw_decode(packed[4:].decode("utf-8", "replace"))[0]
    assert len(shown["pictures"]) <= MOST_PICTURES
    assert shown["pictures"][-1] == n_epochs
    assert len(shown["epochs"]) == n_epochs


def test_numbers_that_are_none_travel_as_null():
    history = [{"epoch": 1, "loss": float("nan"), "iou": [float("nan"), None, 0.5, 1.0]}]

    packed = pack("x", Replay(SANDSTONE, history, 1, RunSamples(None, None)), 0)

    found = json.loads(packed[4:])["epochs"][0]
    assert found == {
        "loss": None,
        "validationLoss": None,
        "iou": [None, None, 0.5, 1.0],
        "meanIou": None,
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (89, "89 s"), (95, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (40000, "11 h")],
)
def test_a_time_is_said_as_a_person_would(seconds, text):
    assert duration(seconds) == text


def test_progress_never_passes_its_end():
    status = RunStatus("a", "b", "running", epoch=4, n_epochs=4, step=5, n_steps=5)

    assert progress(status) == 1.0
    assert progress_text(status).startswith("Epoch 4 of 4")
