"""What one visitor has chosen: names and paths, never pixels."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.shared import cache
from sandseg import jobs, samples, workspace
from sandseg.errors import SandsegError
from sandseg.export import safe_name
from sandseg.model_store import DEFAULT_MODEL, StoredModel
from sandseg.stack import check_same_shape, check_values

SAMPLE, MODEL, SLICE = "sample", "model", "slice"  # keys of widgets; they stand in the address too


@dataclass(frozen=True)
class Source:
    """A stack to work on: a sample or a file of the visitor's.

    `id` stands in the address; `place` is what `cache.open_source` opens; `truth` what
    `cache.true_labels` reads, "" without labels.
    """

    id: str
    title: str
    place: str
    truth: str = ""


def sources() -> dict[str, Source]:
    """Return what can be chosen, by id: the samples at hand, then the visitor's own files."""
    found = {}
    for sample in samples.list_samples():
        truth = sample.key if sample.has_labels else ""
        found[sample.key] = Source(sample.key, sample.title, sample.key, truth)
    return {**found, **_own("files")}


def truth_of(source: Source) -> str:
    """Return the labels uploaded for a source, else those it came with, else ""."""
    return _own("labels").get(source.id, source.truth)


def forget_slice() -> None:
    """Start a stack in its middle."""
    st.session_state.pop(SLICE, None)


def take_slice(z: int) -> None:
    """Go to a slice by the viewer's arrow keys; the address and the slider count from one."""
    st.session_state[SLICE] = z + 1


def take_file(upload_key: str, model_name: str | None) -> None:
    """Keep an uploaded stack and choose it; if it is refused, all stays as it was."""
    upload = received(upload_key)
    if upload is None:
        return
    folder = workspace.new_folder()
    path = folder / safe_name(upload.name)
    try:
        path.write_bytes(upload.getbuffer())
        stack = cache.open_source(str(path), upload.name)
        model = cache.model(model_name or DEFAULT_MODEL)
        cache.grey_mapping(str(path), model.name, model.sha256)
        if stack.n_slices == 1:
            check_values(stack.read_slice(0))
    except SandsegError as error:
        workspace.remove_folder(folder)
        st.session_state["refusal"] = error
        return
    own = _own("files")
    source_id = f"file-{len(own) + 1}"
    own[source_id] = Source(source_id, upload.name, str(path))
    st.session_state[SAMPLE] = source_id
    forget_slice()


def take_labels(upload_key: str, source: Source) -> None:
    """Keep uploaded labels for a source; if they are refused, all stays as it was."""
    upload = received(upload_key)
    if upload is None:
        return
    folder = workspace.new_folder()
    path = folder / "labels.tif"
    try:
        path.write_bytes(upload.getbuffer())
        labels = cache.true_labels(str(path), upload.name)
        check_same_shape(cache.open_source(source.place), labels)
    except SandsegError as error:
        workspace.remove_folder(folder)
        st.session_state["labels_refusal"] = error
        return
    keep_labels(source, path)


def keep_labels(source: Source, path: Path) -> None:
    """Compare a source with the labels in this file from now on."""
    _own("labels")[source.id] = str(path)


def pop_refusal(key: str = "refusal") -> SandsegError | None:
    """Return why the last upload was refused, once."""
    return st.session_state.pop(key, None)


def upload_key(name: str) -> str:
    """Return the key of an uploader; it changes with each upload, which frees the file's bytes."""
    return f"{name}-{st.session_state.get(f'n_{name}', 0)}"


def job_folder(source: Source, model: StoredModel) -> Path | None:
    """Return the folder of the whole-stack run of this source by this model."""
    return _own("jobs").get((source.id, model.sha256))


def start_job(source: Source, model: StoredModel) -> None:
    """Segment a whole stack in a process of its own."""
    folder = workspace.new_folder()
    path = Path(source.place)
    if not path.is_absolute():
        path = folder / f"{source.id}.tif"
        cache.write_stack(source.place, path)
    jobs.start_segmentation(path, folder, model.name)
    _own("jobs")[source.id, model.sha256] = folder


def end_job(source: Source, model: StoredModel) -> None:
    """Cancel a run, or forget a finished one."""
    folder = _own("jobs").pop((source.id, model.sha256), None)
    if folder is not None:
        jobs.cancel_job(folder)


def _own(name: str) -> dict:
    return st.session_state.setdefault(f"own_{name}", {})


def received(key: str):  # noqa: ANN201 - Streamlit's UploadedFile, or None
    """Return what came with an uploader, and let go of it: the uploader starts anew."""
    name = key.rpartition("-")[0]
    st.session_state[f"n_{name}"] = st.session_state.get(f"n_{name}", 0) + 1
    return st.session_state.get(key)
