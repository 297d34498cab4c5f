"""Settings of every step, checked when they are made: an impossible one cannot be built."""

from dataclasses import dataclass, field, replace

from sandseg.errors import ConfigError

VERSION = "0.1.0"  # of the program, as it stands in every file it writes


def _require(condition: bool, message: str, hint: str) -> None:
    if not condition:
        raise ConfigError(message, hint)


def _require_one_of(choices: tuple[str, ...], name: str, value: str) -> None:
    _require(
        value in choices,
        f'"{value}" is no {name} this program knows.',
        f"Choose one of: {', '.join(choices)}.",
    )


@dataclass(frozen=True)
class Treatment:
    """How the slices of a scan are brought to a model: grey values, size of voxels, light.

    `grey` is "auto", "identity" or "LOW,HIGH" in grey values of the scan, as `--grey` takes it;
    `sample` says where the sample lies, as `--sample` takes it.
    """

    grey: str = "auto"
    is_rescaled: bool = False  # so that voxels are as large as those the model learned from
    is_evened: bool = False  # so that brightness drifts no more than the model is used to
    sample: str = "auto"
    is_averaged: bool = False  # over the eight ways to lay a slice down, for eight times the time


@dataclass(frozen=True)
class TilingConfig:
    """How a slice is cut for prediction. Lengths are in pixels."""

    tile_size: int = 1024  # the largest tile; a smaller slice is predicted in one piece
    overlap: int = 128  # shared by neighbouring tiles, so that seams blend away

    def __post_init__(self):
        _require(
            self.tile_size >= 32,
            f"A tile of {self.tile_size} px is smaller than the network can see.",
            "Choose tiles of at least 32 px.",
        )
        _require(
            0 <= self.overlap < self.tile_size,
            f"The overlap ({self.overlap} px) must be smaller than the tile ({self.tile_size} px).",
            "Lower the overlap or choose a larger tile.",
        )


@dataclass(frozen=True)
class UNetConfig:
    """Shape of a U-Net.

    `filters` from the finest level to the bottom. With `stem` "strided" the first convolution
    halves the resolution and the head doubles it again; with "full" all pixels go through the
    first level. One class means the binary case: one logit a pixel.
    """

    filters: tuple[int, ...] = (32, 48, 64, 96, 128)
    n_classes: int = 4
    stem: str = "strided"
    dropout: float = 0.0  # share of features dropped at the bottom while training

    def __post_init__(self):
        object.__setattr__(self, "filters", tuple(int(n) for n in self.filters))
        _require(
            2 <= len(self.filters) <= 7 and min(self.filters) > 0,
            f"A U-Net needs 2 to 7 levels with at least one filter each, not {self.filters}.",
            "Give one positive number for each level, the finest first.",
        )
        _require(
            1 <= self.n_classes <= 8,
            f"{self.n_classes} classes are asked for; 1 (binary) to 8 can be told apart.",
            "Join rare classes or choose fewer.",
        )
        _require(
            self.stem in ("strided", "full"),
            f'"{self.stem}" is no stem.',
            'Choose "strided" (fast) or "full".',
        )
        _require(
            0 <= self.dropout < 1,
            f"A dropout of {self.dropout} leaves nothing to learn from.",
            "Choose a share from 0 to 0.9.",
        )

    @property
    def stride(self) -> int:
        """Height and width of the input must be multiples of this, in pixels."""
        return 2 ** (len(self.filters) - 1) * (2 if self.stem == "strided" else 1)

    @property
    def tiling(self) -> TilingConfig:
        """How slices are cut for it."""
        return TilingConfig()


@dataclass(frozen=True)
class ImportedNetConfig:
    """What is known of a network that was trained elsewhere."""

    stride: int  # height and width of the input must be multiples of this, in pixels
    n_classes: int
    imported: bool = True
    patch_size: int = 0  # in pixels: it answers for patches of this size alone; 0 for any

    @property
    def tiling(self) -> TilingConfig:
        """How slices are cut for it."""
        return TilingConfig(self.patch_size, 0) if self.patch_size else TilingConfig()


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained. Lengths are in pixels, rates per step."""

    preset: str = "compact"
    unet: UNetConfig = field(default_factory=UNetConfig)
    epochs: int = 32
    steps_per_epoch: int = 250
    batch_size: int = 7
    patch_size: int = 192  # larger ones are more like a whole slice: less of them lies at an edge
    learning_rate: float = 3e-3
    schedule: str = "cosine"  # falls to zero at the end; or "constant"
    warmup_steps: int = 100
    weight_decay: float = 1e-3
    ema_momentum: float = 0.99  # moving average of the weights; 0 switches it off
    norm_share: float = 0.3  # of the epochs; then batch normalization keeps its statistics
    loss: str = "cross_entropy"  # or "cross_entropy_dice", "focal"
    optimizer: str = "adamw"  # or "adam"
    sampling: str = "random"  # random crops, or "grid": every patch of a regular grid once an epoch
    augment: bool = True  # flips and quarter turns
    split: str = "slice"  # or "patch", which leaks: see `patches.split_patches`
    mixed_precision: bool = False
    seed: int = 0

    def __post_init__(self):
        for name, most in LARGEST.items():
            number, least = getattr(self, name), int(name not in ("warmup_steps", "seed"))
            _require(
                type(number) is int and least <= number <= most,
                f"{name.replace('_', ' ')} is {number:.15g}, but a whole number from {least} to "
                f"{most:,} is needed.",
                "Give one, or leave the preset's.",
            )
        _require(
            self.patch_size % self.unet.stride == 0,
            f"A patch of {self.patch_size} px is no multiple of {self.unet.stride} px, "
            "as halving it level by level needs.",
            f"Choose a multiple of {self.unet.stride} px, "
            f"for example {max(1, round(self.patch_size / self.unet.stride)) * self.unet.stride}.",
        )
        _require(
            0 < self.learning_rate < 1,
            f"A learning rate of {self.learning_rate} is out of range.",
            "Choose one between 0 and 1; 0.001 to 0.003 suits most trainings.",
        )
        _require(
            0 <= self.weight_decay < 1,
            f"A weight decay of {self.weight_decay} is out of range.",
            "Choose one from 0 to 0.1; 0.001 suits most trainings.",
        )
        _require(
            0 <= self.ema_momentum < 1,
            f"A moving average with a momentum of {self.ema_momentum} never moves.",
            "Choose one from 0 (switched off) to 0.999.",
        )
        _require(
            0 <= self.norm_share <= 1,
            f"Batch normalization cannot learn its statistics in {self.norm_share} of the epochs.",
            "Choose a share from 0 to 1, which is to the end.",
        )
        for name, choices in CHOICES.items():
            _require_one_of(choices, name, getattr(self, name))

    def keeps_statistics(self, epoch: int) -> bool:
        """Whether batch normalization keeps its statistics in an epoch, counted from 0.

        What a patch's own statistics are depends on how much air is in it, so a network that
        learns with them is another one than the network that segments a whole slice.
        """
        return epoch >= self.norm_share * self.epochs


LARGEST = {
    "epochs": 100_000,
    "steps_per_epoch": 100_000,
    "batch_size": 4096,
    "patch_size": 4096,
    "warmup_steps": 10**6,
    "seed": 2**32 - 1,
}  # numbers of a training

CHOICES = {
    "schedule": ("cosine", "constant"),
    "loss": ("cross_entropy", "cross_entropy_dice", "focal"),
    "optimizer": ("adamw", "adam"),
    "sampling": ("random", "grid"),
    "split": ("slice", "patch"),
}

PRESETS = {
    "compact": TrainConfig(),
    "tiny": TrainConfig(
        preset="tiny", unet=UNetConfig((16, 32, 48, 64)), epochs=10, steps_per_epoch=60
    ),
    # The network and recipe of the notebook this app descends from, to the letter.
    "seed": TrainConfig(
        preset="seed",
        unet=UNetConfig((64, 128, 256, 512, 1024), stem="full"),
        epochs=50,
        batch_size=16,
        patch_size=128,
        learning_rate=1e-3,
        schedule="constant",
        warmup_steps=0,
        weight_decay=0.0,
        ema_momentum=0.0,
        norm_share=1.0,
        optimizer="adam",
        sampling="grid",
        augment=False,
        split="patch",
        seed=42,
    ),
}


def preset(name: str) -> TrainConfig:
    """Return the settings of a preset.

    Raises:
        ConfigError: There is no preset of this name.
    """
    _require(
        name in PRESETS, f'There is no preset "{name}".', f"Choose one of: {', '.join(PRESETS)}."
    )
    return PRESETS[name]


def fit_patches(config: TrainConfig, shortest_side: int) -> TrainConfig:
    """Shorten the patches of a recipe to what fits into its slices; a step keeps its pixels.

    Args:
        config: The recipe.
        shortest_side: Of the slices, in pixels. Below one stride of the network nothing fits, and
            the recipe stays as it is.
    """
    size = min(config.patch_size, shortest_side // config.unet.stride * config.unet.stride)
    if not size or size == config.patch_size:
        return config
    batch_size = max(round(config.batch_size * (config.patch_size / size) ** 2), 1)
    return replace(config, patch_size=size, batch_size=batch_size)


def n_parameters(unet: UNetConfig) -> int:
    """Count the weights of a U-Net without building it."""

    def convolution(edge: int, n_in: int, n_out: int, has_bias: bool = True) -> int:
        return edge**2 * n_in * n_out + n_out * has_bias

    def block(n_in: int, n_out: int) -> int:
        has_bias = unet.stem == "full"
        both = convolution(3, n_in, n_out, has_bias) + convolution(3, n_out, n_out, has_bias)
        return both + 2 * 4 * n_out  # batch normalization has four numbers a feature

    is_strided = unet.stem == "strided"
    count, n_features = 0, 1
    if is_strided:
        count, n_features = convolution(4, 1, unet.filters[0]), unet.filters[0]
    for n_filters in unet.filters:
        count, n_features = count + block(n_features, n_filters), n_filters
    for n_filters in unet.filters[-2::-1]:
        count += convolution(2, n_features, n_filters) + block(2 * n_filters, n_filters)
        n_features = n_filters
    return count + convolution(2 if is_strided else 1, n_features, unet.n_classes)
