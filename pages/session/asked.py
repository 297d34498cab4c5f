"""A segmentation as its owner would ask for it on the command line."""

from dataclasses import replace
from pathlib import Path

from pages.cache.rocks import list_samples, open_source
from pages.session.state import Source
from pages.session.treatment import treatment
from sandseg.data.samples import Sample
from sandseg.export.names import safe_name
from sandseg.model.request import Origin, SegmentRequest, command_of
from sandseg.model.store import StoredModel, models_folder
from sandseg.predict.teach_file import TeachRequest
from sandseg.scan.read_options import ReadOptions


def origin_of(source: Source, model: StoredModel, z: int | None = None) -> Origin:
    """Return what a copy of a source was made from; of slice z alone, or of all."""
    opened = source.upload or open_source(source.place, source.title)
    return Origin(source.title, source.numbers, opened.apart, command_for(source, model, z))


def command_for(source: Source, model: StoredModel, z: int | None = None) -> str:
    """Return the command that makes the same labels of the visitor's own files.

    A model that strokes taught and that is not among the others is taught again.
    """
    stem = safe_name(Path(source.title).stem)
    if model.is_taught and model.folder.parent != models_folder():
        return _teaching(source, model, stem)
    request = SegmentRequest(
        Path(_file_of(source)),
        Path(f"{stem}_labels.tif"),
        model=model.name,
        treatment=treatment(source),
        read_options=_read_options(source, None if z is None else (z + 1, z + 1)),
    )
    sample = _sample_of(source)
    first = f"{sample.made_by} && " if sample and sample.made_by else ""
    return first + command_of(request)


def _teaching(source: Source, model: StoredModel, stem: str) -> str:
    told = model.card["taught"]
    how = replace(treatment(source), is_averaged=False)
    request = TeachRequest(
        Path(_file_of(source)),
        Path(f"{stem}_strokes.tif"),
        Path(f"{stem}_labels.tif"),
        model=told["network"]["name"],
        is_correction=told["is_correction"],
        treatment=how,
        read_options=_read_options(source, None),
    )
    return request.command


def _sample_of(source: Source) -> Sample | None:
    return next((sample for sample in list_samples() if sample.key == source.id), None)


def _file_of(source: Source) -> str:
    """Return what to name: the file, or a folder with those there are."""
    sample, upload = _sample_of(source), source.upload
    files = sample.files if sample else ()
    if len(files) == 1:
        return files[0]
    if files:
        return f"a folder with {files[0]} and {len(files) - 1} more"
    if upload and upload.header:
        return upload.header
    is_many = upload is not None and upload.n_files > 1
    return f"a folder with {source.title}" if is_many else source.title


def _read_options(source: Source, slices: tuple[int, int] | None) -> ReadOptions:
    sample, upload = _sample_of(source), source.upload
    chosen = {
        kind: choice.chosen + 1
        for kind, choice in (upload.choices.open if upload else {}).items()
        if choice.chosen is not None
    }
    is_real = sample is not None and sample.origin == "real"
    voxel_size_um = sample.voxel_size_um if is_real else source.voxel_size_um
    layout = upload.layout if upload else None
    return ReadOptions(**chosen, slices=slices, voxel_size_um=voxel_size_um, raw=layout)
