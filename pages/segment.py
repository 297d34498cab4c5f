"""Run a model on a sample or on a TIFF of one's own; look, measure, take home."""

import streamlit as st

from pages.shared import cache, navigation, state, widgets, words
from pages.shared.cache import Task
from pages.shared.downloads import show_downloads
from pages.shared.model_card import model_title, show_card
from pages.shared.stack_run import finished_folder, show_run
from pages.shared.state import Source
from pages.shared.viewer import Pane, viewer
from sandseg.errors import ModelError
from sandseg.model_store import StoredModel

LABELS, CONFIDENCE, TRUTH = "Labels", "Confidence", "Compare"


def choose_model() -> StoredModel:
    """Ask for one of the models at hand."""
    models = {model.name: model for model in cache.list_models()}
    if not models:
        raise ModelError(
            "There is no model to segment with.",
            hint="Put a model folder into models/ and reload the page.",
        )
    choice, card = st.columns([5, 1], vertical_alignment="bottom", gap="xsmall", wrap=False)
    name = choice.selectbox(
        "Model",
        models,
        format_func=lambda name: model_title(models[name]),
        key=state.MODEL,
        bind="query-params",
    )
    with card:
        show_card(models[name], "", help="What this model is, and how good")
    return models[name]


def choose_source(model_name: str | None) -> Source:
    """Ask for a sample or a file of the visitor's own."""
    choices = state.sources()
    source_id = st.selectbox(
        "Rock",
        choices,
        format_func=lambda source_id: choices[source_id].title,
        key=state.SAMPLE,
        bind="query-params",
        on_change=state.forget_slice,
    )
    key = state.upload_key("image")
    st.file_uploader(
        "Or your own TIFF: a slice or a stack",
        type=["tif", "tiff"],
        key=key,
        on_change=state.take_file,
        args=(key, model_name),
    )
    if refusal := state.pop_refusal():
        widgets.show_refusal(refusal)
    return choices[source_id]


def choose_labels(source: Source) -> str:
    """Return where the true labels are, "" without; ask for them in a corner."""
    with st.expander("Have labels? Compare", icon=":material/rule:"):
        key = state.upload_key("labels")
        st.file_uploader(
            "Labels of the same slices (TIFF)",
            type=["tif", "tiff"],
            key=key,
            on_change=state.take_labels,
            args=(key, source),
            help="Values 0 to 3 (air, clay, quartz, pyrite), 1 to 4 with 0 for unlabelled, or RGB.",
        )
    if refusal := state.pop_refusal("labels_refusal"):
        widgets.show_refusal(refusal)
    return state.truth_of(source)


def show_facts(task: Task, source: Source) -> None:
    """Say what was understood of the file, and what must be known before trusting labels."""
    stack = cache.open_source(task.source, source.title)
    mapping = cache.grey_mapping(task.source, task.model_name, task.model_sha256)
    facts = [words.stack_facts(stack) + ".", words.mapping_text(mapping, stack.dtype), *stack.notes]
    st.caption(widgets.plain(" ".join(facts)))
    for warning in mapping.warnings:
        st.warning(warning, icon=":material/warning:")


def choose_slice(n_slices: int) -> int:
    """Ask for a slice; the visitor counts from one."""
    if n_slices == 1:
        return 0
    middle = n_slices // 2 + 1
    shown = st.slider(
        "Slice",
        1,
        n_slices,
        middle,
        format=f"Slice %d of {n_slices}",
        key=state.SLICE,
        label_visibility="collapsed",
        bind="query-params",
    )
    return shown - 1


def choose_view(truth: str) -> str:
    """Ask which picture of the slice to show."""
    views = [LABELS, CONFIDENCE, *([TRUTH] if truth else [])]
    return st.segmented_control(
        "View", views, default=LABELS, required=True, key="view", label_visibility="collapsed"
    )


def show_slice(task: Task, view: str, z: int, truth: str) -> None:
    """Show the picture the visitor asked for."""
    pictures = cache.slice_pictures(task, z)
    panes = {
        LABELS: lambda: [Pane("Labels", pictures.grey, pictures.labels)],
        CONFIDENCE: lambda: [Pane("Confidence", pictures.grey, picture=pictures.confidence)],
        TRUTH: lambda: [
            Pane("Prediction", pictures.grey, pictures.labels),
            Pane("Truth", pictures.grey, *cache.truth_pictures(task, z, truth)),
        ],
    }[view]()
    viewer(
        panes,
        key="segment-viewer",
        z=0,
        n_slices=1,  # the page has the slider: it stands in the address
        classes=cache.model(task.model_name).classes,
        voxel_size_um=cache.open_source(task.source).voxel_size_um,
        clear_class=widgets.clear_class(cache.slice_phases(task, z)),
        height=600,
    )
    if view == CONFIDENCE:
        st.caption("Yellow: the model is sure of the class. Dark blue: it is torn between two.")


def show_numbers(task: Task, z: int, truth: str) -> None:
    """Show phase fractions, porosity and, with labels, how well they are met."""
    classes = cache.model(task.model_name).classes
    phases = cache.slice_phases(task, z)
    columns = {"slice": widgets.percents(phases.whole), "its rock": widgets.percents(phases.rock)}
    last = []
    if task.job:
        stack_fractions = cache.report(task.job)["phase_fractions"].values()
        columns["stack"] = widgets.percents(stack_fractions)
    if truth:
        found = cache.slice_scores(task, z, truth)
        columns["IoU"] = [widgets.score(value) for value in found.iou]
        last = ["mean IoU", *[""] * (len(columns) - 1), widgets.score(found.mean_iou)]
    widgets.show_phases(columns, phases.rock, classes, last)
    widgets.show_porosity(phases.porosity)


@st.fragment
def workbench() -> None:
    """Everything that follows the slice; moving the slider redraws this and no more."""
    picture, side = st.columns([2, 1], gap="large")
    with side, widgets.user_errors():
        st.title("Segment", anchor=False)
        source = choose_source(st.session_state.get(state.MODEL))
        model = choose_model()
        task = Task(source.place, model.name, model.sha256, finished_folder(source, model))
        stack = cache.open_source(task.source, source.title)
        show_facts(task, source)
        numbers = st.container()
        truth = choose_labels(source)
    with picture:
        left, right = st.columns(2, vertical_alignment="center")
        with left:
            view = choose_view(truth)
        with right:
            show_run(source, model, stack.n_slices)
        shown = st.container()
        z = choose_slice(stack.n_slices)
    with shown, widgets.user_errors():
        show_slice(task, view, z, truth)
    with numbers, widgets.user_errors():
        show_numbers(task, z, truth)
        show_downloads(source, task, z)


navigation.start_page()
workbench()
