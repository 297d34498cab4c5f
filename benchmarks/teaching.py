"""What strokes teach: against a random forest on the same strokes, and how honest the score is.

    PYTHONPATH=. python benchmarks/teaching.py forest [SCAN_FOLDER]
    PYTHONPATH=. python benchmarks/teaching.py classes [SANDSTONE_FOLDER] [--first 1000]
    PYTHONPATH=. python benchmarks/teaching.py score [SANDSTONE_FOLDER] [--sessions 60] [--first 0]
    PYTHONPATH=. python benchmarks/teaching.py correct SANDSTONE_FOLDER

"forest": two classes, pore and solid, painted on 0.1 % and 0.5 % of the first slice; mean IoU of
what is not painted of it, and of the other slices. The forest has the usual filters. Without a
folder of NAME_SCANNER.tif with NAME_labels.tif (255: unknown), rocks are made up and scanned.
"classes": the same for classes that no network knows (own_classes.py), on every 4th row and column.
"score": how often the interval of the held-back score covers the true mean IoU of the slice; with
a folder of images/ and masks/, on windows of its slices.
"correct": what a few strokes on what a network missed cost elsewhere (corrections.py).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from corrections import corrections
from own_classes import made_up, of_sandstone, windows
from scipy import ndimage

from sandseg.classes import IGNORED
from sandseg.data.any_rock import draw_labels, draw_slice
from sandseg.data.scanner import ScannerConfig, scan_slices
from sandseg.grey.mapping import choose_mapping
from sandseg.model.store import load_model
from sandseg.predict.forest import ForestConfig, pixel_features
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, mean_iou
from sandseg.teach.learning.classifier import learn
from sandseg.teach.learning.features import FeatureMaker, TileFeatures
from sandseg.teach.learning.held_back import EVEN, held_back_score

MODEL = "rock-any"
SHARES, SEEDS = (0.001, 0.005), (0, 1, 2)
SCANNERS = {
    "clean": {},
    "noisy": {"photons": 3000.0, "rings": 0.01},
    "blurred": {"blur": 2.0, "hardening": 0.15},
    "fringed": {"edges": 2.0, "paint": 0.0, "photons": 20_000.0},
}
EIGHT = np.ones((3, 3), bool)
Scan = tuple[str, np.ndarray, np.ndarray]  # name, (Z, Y, X) grey values, (Z, Y, X) labels


def paint(labels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Paint a share of (Y, X) labels by short strokes, the classes in turn; 0 is unpainted."""
    values = np.zeros(labels.shape, np.uint8)
    classes = [c for c in np.unique(labels) if c != IGNORED]
    inner = {c: np.argwhere(ndimage.binary_erosion(labels == c)) for c in classes}
    for _ in range(1000):
        if np.count_nonzero(values) >= share * labels.size:
            break
        for c in classes:
            if len(inner[c]):
                _stroke(values, labels, c, inner[c][rng.integers(len(inner[c]))], rng)
    return values


def _stroke(values, labels, c, place, rng) -> None:
    """Wander about from a place while it is of class c, with a brush of five pixels."""
    (y, x), angle = map(float, place), rng.uniform(0, 2 * np.pi)
    near = np.argwhere(np.hypot(*np.mgrid[-2:3, -2:3]) <= 2.2) - 2
    for _ in range(rng.integers(8, 30)):
        at = np.rint([y, x]).astype(int)
        if (at < 2).any() or (at >= np.array(labels.shape) - 2).any() or labels[tuple(at)] != c:
            return
        spots = tuple((near + at)[labels[tuple((near + at).T)] == c].T)
        values[spots] = c + 1
        angle += rng.normal(0, 0.3)
        y, x = y + np.sin(angle), x + np.cos(angle)


def number_strokes(values: np.ndarray) -> np.ndarray:
    """Number what hangs together in one class, from 1."""
    numbers, n = np.zeros(values.shape, int), 0
    for value in np.unique(values[values > 0]):
        found, n_found = ndimage.label(values == value, EIGHT)
        numbers, n = np.where(found, found + n, numbers), n + n_found
    return numbers


def made_up_scans(n: int = 12) -> Iterator[Scan]:
    """Make up rocks, and scan two slices of each as in one of four ways."""
    y, x = np.ogrid[:200, :200]
    is_outside = (y - 99.5) ** 2 + (x - 99.5) ** 2 > 97**2
    for seed in range(n):
        rock = (draw_labels(416, np.random.default_rng(3000 + seed)) > 0).astype(np.uint8)
        labels = np.stack([rock[:200, :200], rock[210:410, 210:410]])
        labels[:, is_outside] = IGNORED
        if min((one == 0).mean() for one in labels) < 0.03:
            continue
        name = list(SCANNERS)[seed % len(SCANNERS)]
        how = ScannerConfig(tones=(0.03, 0.5), bits=16, seed=seed, **SCANNERS[name])
        yield f"{seed}_{name}", np.stack(list(scan_slices(labels, how))), labels


def found_scans(folder: Path) -> Iterator[Scan]:
    """Read the scans of a folder."""
    for path in sorted(folder.glob("*_*.tif")):
        truth = path.with_name(f"{path.stem.rsplit('_', 1)[0]}_labels.tif")
        if path != truth and truth.exists():
            yield path.stem, tifffile.imread(path), tifffile.imread(truth)


def features_of(maker: FeatureMaker, images: np.ndarray) -> list[TileFeatures]:
    """Make the features of (Z, Y, X) slices of a scan."""
    model = load_model(MODEL)
    mapping = choose_mapping(Stack.from_array(images), model.histogram, "auto", model.landmarks)
    return [_features(maker, mapping.bring(image)[0], model.unet.stride) for image in images]


def _features(maker: FeatureMaker, grey: np.ndarray, stride: int) -> TileFeatures:
    height, width = grey.shape
    pad = ((0, -height % stride), (0, -width % stride))
    found = maker(np.pad(grey, pad, mode="symmetric")[None, ..., None])
    return found.part(slice(height), slice(width))


def score(true: np.ndarray, labels: np.ndarray, skip: np.ndarray | None = None) -> float:
    """Return the mean IoU of what is known, and not painted."""
    use = (true != IGNORED) & (True if skip is None else skip == 0)
    n_classes = int(true[true != IGNORED].max()) + 1
    return mean_iou(confusion_matrix(true[use], np.minimum(labels[use], n_classes - 1), n_classes))


def taught(features: list[TileFeatures], values: np.ndarray, seen: tuple) -> list[np.ndarray]:
    """Learn from what is painted on the first slice, and label what is seen of all."""
    places = np.nonzero(values)
    painted = features[0].at(*places), values[places], number_strokes(values)[places]
    classifier = learn(*painted, int(values.max()))
    answers = (classifier.probabilities(one.part(*seen))[0] for one in features)
    return [one.argmax(axis=-1).astype(np.uint8) for one in answers]


def forest(filtered: list[np.ndarray], values: np.ndarray, seen: tuple) -> list[np.ndarray]:
    """The same by a random forest."""
    from sklearn.ensemble import RandomForestClassifier

    trees = RandomForestClassifier(200, random_state=0)
    trees.fit(filtered[0][values > 0], values[values > 0])
    parts = [one[seen] for one in filtered]
    found = [(trees.predict(one.reshape(-1, one.shape[-1])) - 1).astype(np.uint8) for one in parts]
    return [labels.reshape(part.shape[:2]) for labels, part in zip(found, parts, strict=True)]


def against_forest(scans: Iterator[Scan], step: int = 1) -> None:
    """Print what both reach on each scan, and the gain on average and at worst."""
    maker, gains = FeatureMaker(load_model(MODEL)), {share: [] for share in SHARES}
    seen = np.s_[step // 2 :: step, step // 2 :: step]
    for name, images, labels in scans:
        features = features_of(maker, images)
        scaled = images.astype(np.float32) / np.float32(np.iinfo(images.dtype).max)
        filtered = [pixel_features(image, ForestConfig()) for image in scaled]
        true = [one[seen] for one in labels]
        for share in SHARES:
            rows = []
            for seed in SEEDS:
                values = paint(labels[0], share, np.random.default_rng(seed))
                both = forest(filtered, values, seen), taught(features, values, seen)
                skips = [values[seen], *[None] * (len(labels) - 1)]
                rows.append(
                    [[score(*c) for c in zip(true, one, skips, strict=True)] for one in both]
                )
            mean = np.array(rows).mean(axis=0)  # (2 methods, Z)
            gains[share].append(mean[1] - mean[0])
            told = " ".join(f"{a:.3f}>{b:.3f}" for a, b in mean.T)
            print(f"{name:22} {share:.1%} painted, forest > taught, by slice: {told}", flush=True)
    for share, found in gains.items():
        _tell(share, found)


def _tell(share: float, gains: list[np.ndarray]) -> None:
    """Print the gains (Z,) of all scans."""
    painted = np.array([one[0] for one in gains])
    other = np.array([one[1:].mean() for one in gains if len(one) > 1])
    for found, where in ((painted, "the painted slice"), (other, "other slices")):
        if len(found):
            print(
                f"{share:.1%}: gain {found.mean():+.3f} on {where}, worst {found.min():+.3f}, "
                f"{np.count_nonzero(found < -0.02)} of {len(found)} below by more than 0.02"
            )


def sessions(first: int, n: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Make up slices, labels and strokes: few and many, in two to four classes."""
    seed = first
    while n:
        rng = np.random.default_rng([seed, 7])
        grey, labels = draw_slice(352, rng)
        if seed % 2:
            labels = np.where(labels == IGNORED, IGNORED, labels > 0).astype(np.uint8)
        shares = np.bincount(labels[labels != IGNORED], minlength=2) / labels.size
        if shares.min() > 0.01:
            yield (
                np.rint(grey * 255).astype(np.uint8),
                labels,
                paint(labels, np.exp(rng.uniform(np.log(0.004), np.log(0.03))), rng),
            )
            n -= 1
        seed += 1


def honesty(lessons: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
    """Print how often the interval covers the true mean IoU, and the true error over the doubt."""
    maker, n, covered, ratios, widths = FeatureMaker(load_model(MODEL)), 0, 0, [], []
    for n, (image, labels, values) in enumerate(lessons, 1):  # noqa: B007 - n is told at the end
        features, places = features_of(maker, image[None])[0], np.nonzero(values)
        painted = features.at(*places), values[places], number_strokes(values)[places]
        n_classes = int(labels[labels != IGNORED].max()) + 1
        answer = learn(*painted, n_classes).probabilities(features)[0]
        found = held_back_score(*painted, n_classes, answer[::4, ::4].reshape(-1, n_classes))
        true = score(labels, answer.argmax(axis=-1).astype(np.uint8))
        if found.missing:
            continue
        covered += found.low <= true <= found.high
        widths.append(found.high - found.low)
        ratios.append((1 - true + EVEN) / max(found.doubt, 1e-6))
        print(
            f"true {true:.3f}, {found.low:.3f} – {found.mean_iou:.3f} – {found.high:.3f}",
            flush=True,
        )
    told = len(widths)
    print(f"{n} sessions, {n - told} with too few strokes; covered {covered} of {told}")
    print(f"true error over doubt: {np.quantile(ratios, [0.04, 0.5, 0.96]).round(2)}")
    print(f"width: {np.mean(widths):.3f}")


def real_sessions(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Paint windows of real slices, few strokes and many."""
    for n, (image, labels) in enumerate(windows(folder)):
        for share in (0.006, 0.02):
            yield image, labels, paint(labels, share, np.random.default_rng(n))


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["forest", "classes", "score", "correct"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--each", type=int, default=2, help="tasks of each kind")
    args = parser.parse_args()
    if args.what == "score":
        made = sessions(args.first, args.sessions)
        honesty(real_sessions(args.folder) if args.folder else made)
    elif args.what == "classes":
        against_forest(made_up(args.first, args.each), 4)
        if args.folder:
            against_forest(of_sandstone(args.folder), 4)
    elif args.what == "correct":
        corrections(args.folder)
    else:
        against_forest(found_scans(args.folder) if args.folder else made_up_scans())


if __name__ == "__main__":
    main()
