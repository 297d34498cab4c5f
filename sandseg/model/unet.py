"""The U-Net, read top to bottom: stem, down, bottom, up, head (Ronneberger et al. 2015)."""

from functools import partial

import keras
from keras import layers

from sandseg.config import UNetConfig

# Of the running means that stand in for a batch's own after training: they follow within a few
# dozen steps. With Keras's 0.99 a short training is judged by means it has long left behind.
NORM_MOMENTUM = 0.9


def build_unet(config: UNetConfig, keeps_statistics: bool = False) -> keras.Model:
    """Build a U-Net that gives one logit for each class and pixel.

    Shapes are (N, Y, X, channels); Y and X are multiples of `config.stride`.

    Args:
        config: Filters of each level, classes, stem.
        keeps_statistics: Whether batch normalization uses its stored means and variances in
            training too, and no longer those of the batch; for training alone, not to be saved.

    Returns:
        A model from (N, Y, X, 1) float32 in [0, 1] to (N, Y, X, C) float32 logits.
    """
    *filters, bottom_filters = config.filters
    block = partial(_conv_block, config=config, keeps_statistics=keeps_statistics)
    images = keras.Input((None, None, 1), name="image")
    features = _stem(images, config)  # (N, Y/2, X/2, F) with a strided stem

    skips = []
    for level, n_filters in enumerate(filters):
        features = block(features, n_filters, name=f"down{level}")
        skips.append(features)
        features = layers.MaxPooling2D(name=f"down{level}_pool")(features)

    features = block(features, bottom_filters, name="bottom")
    if config.dropout:
        features = layers.SpatialDropout2D(config.dropout, name="bottom_dropout")(features)

    for level, n_filters in reversed(list(enumerate(filters))):
        features = layers.Conv2DTranspose(n_filters, 2, strides=2, name=f"up{level}")(features)
        features = layers.Concatenate(name=f"up{level}_skip")([features, skips[level]])
        features = block(features, n_filters, name=f"up{level}")

    logits = _head(features, config)  # (N, Y, X, C)
    return keras.Model(images, logits, name="unet")


def _stem(images, config: UNetConfig):
    """Fold 2 × 2 pixels into features, so that the costly first level runs at half resolution."""
    if config.stem == "full":
        return images
    return layers.Conv2D(config.filters[0], 4, strides=2, padding="same", name="stem")(images)


def _head(features, config: UNetConfig):
    """Give each pixel its logits; after a strided stem, each feature vector speaks for 2 × 2."""
    if config.stem == "full":
        return layers.Conv2D(config.n_classes, 1, dtype="float32", name="logits")(features)
    return layers.Conv2DTranspose(config.n_classes, 2, strides=2, dtype="float32", name="logits")(
        features
    )


def _conv_block(features, n_filters: int, name: str, config: UNetConfig, keeps_statistics: bool):
    """Apply two 3 × 3 convolutions, each with batch normalization and ReLU."""
    use_bias = config.stem == "full"  # useless before the normalization, but the ancestor has it
    for index in range(2):
        features = layers.Conv2D(
            n_filters, 3, padding="same", use_bias=use_bias, name=f"{name}_conv{index}"
        )(features)
        normalization = _KeptNormalization if keeps_statistics else layers.BatchNormalization
        features = normalization(momentum=NORM_MOMENTUM, name=f"{name}_norm{index}")(features)
        features = layers.ReLU(name=f"{name}_relu{index}")(features)
    return features


class _KeptNormalization(layers.BatchNormalization):
    """Normalizes in training as it does afterwards; its scales and offsets go on learning."""

    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=False, mask=mask)
