"""Segment X-ray micro-CT slices of rock: arrays in, arrays out."""

import lazy_loader

# What most scripts need; a name is loaded when it is used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "scan.formats": ["open_stack"],
        "scan.labels.read": ["read_labels"],
        "model.store": ["load_model"],
        "predict.segment": ["segment_stack"],
        "export.tiff": ["write_labels"],
        "measure.fractions": ["phase_fractions", "porosity"],
        "measure.sample": ["sample_mask"],
        "score.metrics": ["confusion_matrix", "iou"],
    },
)
