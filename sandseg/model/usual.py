"""What a model's own slices look like, as its card says: texture, drift, bowl, voxel size."""

from dataclasses import dataclass

from sandseg.model.store import StoredModel


@dataclass(frozen=True)
class Usual:
    """What is usual for a model; None or empty where its card does not tell.

    `texture` are the strengths of its bands in grey values of 255, `doubt` is the mean of one
    minus the confidence inside the rock, `drift` a share of the grey value, `bowl` what part of the
    light is a bowl, in 1/px². `pores` is the IoU it expects of its pores; `iou` the one that it
    has, of its pores for a model of any rock and else the mean over its classes. `landmarks` are
    the greys of air and of the commonest solid in its slices, in [0, 1]. `histogram`, 256 shares of
    greys over [0, 1], are those that its scans are compared by, where not by the line that leads to
    its network.
    """

    texture: tuple[float, ...] = ()
    doubt: float | None = None
    drift: float | None = None
    bowl: float = 0.0
    voxel_size_um: float | None = None
    pores: float | None = None
    iou: float | None = None
    landmarks: tuple[float, float] | None = None
    histogram: tuple[float, ...] = ()


def usual_for(model: StoredModel) -> Usual:
    """Return what is usual for a model, from its card.

    A calibrated model is wrong as often as it says: its usual doubt is the share of wrong pixels
    on its validation slices.
    """
    told, scores = model.card.get("usual", {}), model.card.get("scores", {})
    inside = scores.get("validation", {}).get("inside the rock", {})
    accuracy = inside.get("accuracy")
    landmarks = told.get("landmarks")
    return Usual(
        tuple(told.get("texture", ())),
        told.get("doubt") if accuracy is None else max(1 - accuracy, 1e-4),
        told.get("drift"),
        told.get("bowl", 0.0),
        told.get("voxel_size_um"),
        told.get("pores"),
        told.get("iou", inside.get("mean_iou")),
        tuple(landmarks) if landmarks else None,
        tuple(told.get("histogram", ())),
    )
