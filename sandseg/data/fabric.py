"""Grains of a made-up rock: how they are packed, what they look like, how they fill space."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

_REACH = 1.8  # radii from its center a grain is drawn to, so that no gap between grains is missed


@dataclass(frozen=True, eq=False)
class Grains:
    """N grains: where they lie, how large they are, and what they are made of."""

    centers: np.ndarray  # (N, 3) in pixels along Z, Y, X
    radii: np.ndarray  # (N,) in pixels
    brightness: np.ndarray  # (N,) grey values above those of quartz
    shrinkage: np.ndarray  # (N,) pixels taken off all around: dissolved grains leave large pores
    decay: np.ndarray  # (N,) 0 for a sound grain, up to 1 for one riddled with pores and clay


def pack_grains(
    shape: tuple[int, int, int], grain_size: float, radius: float, rng: np.random.Generator
) -> Grains:
    """Fill a cylinder along Z, in the middle of a stack, with grains of a mean size.

    Args:
        shape: Slices, rows and columns of the stack.
        grain_size: Mean diameter in pixels.
        radius: Radius of the cylinder in pixels.
        rng: Where the grains get their places, sizes and kinds from.
    """
    half = np.array([shape[0] / 2, radius, radius]) + 0.8 * grain_size
    middle = (np.array(shape) - 1) / 2
    low, high = middle - half, middle + half
    n_grains = max(4, int(np.prod(high - low) / (0.6 * grain_size**3)))
    radii = np.exp(np.clip(rng.normal(0, 0.38, n_grains), -0.7, 0.7))
    radii *= grain_size / 2 / np.cbrt((radii**3).mean())
    centers = _push_apart(rng.uniform(low, high, (n_grains, 3)), radii, low, high)
    is_near = np.hypot(*(centers - middle)[:, 1:].T) < radius + _REACH * radii
    return _choose_kinds(centers[is_near], radii[is_near], rng)


def _choose_kinds(centers: np.ndarray, radii: np.ndarray, rng: np.random.Generator) -> Grains:
    """Make most grains quartz, some feldspar, some decayed and a few dissolved."""
    n_grains = len(radii)
    kind = rng.random(n_grains)
    brightness = rng.normal(0, 1.2, n_grains)
    brightness += np.where(kind < 0.1, rng.uniform(7, 38, n_grains), 0)
    decay = np.where((kind > 0.85) & (kind < 0.965), rng.uniform(0.3, 1, n_grains), 0)
    shrinkage = np.where(kind > 0.965, rng.uniform(0.5, 1.1, n_grains) * radii, 0)
    return Grains(centers, radii, *(a.astype(np.float32) for a in (brightness, shrinkage, decay)))


def _push_apart(
    centers: np.ndarray, radii: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Move overlapping balls apart, little by little, until they share the box evenly."""
    for _ in range(15):
        pairs = cKDTree(centers).query_pairs(2 * radii.max(), output_type="ndarray")
        first, second = pairs.T
        step = centers[first] - centers[second]
        distance = np.linalg.norm(step, axis=1) + 1e-6
        overlap = np.clip(radii[first] + radii[second] - distance, 0, None)
        step *= (0.4 * overlap / distance)[:, None]
        for axis in range(3):
            n_grains = len(centers)
            centers[:, axis] += np.bincount(first, step[:, axis], n_grains)
            centers[:, axis] -= np.bincount(second, step[:, axis], n_grains)
        centers = np.clip(centers, low, high)
    return centers


@dataclass(frozen=True, eq=False)
class Fabric:
    """How the grains fill space, (Z, Y, X) each; distances are in pixels, float32."""

    nearest: np.ndarray  # index of the grain a voxel belongs to, int32
    outside: np.ndarray  # distance outside of its surface, negative inside
    contact: np.ndarray  # how much farther away the second nearest grain is


def lay_fabric(
    grains: Grains, shape: tuple[int, int, int], grain_size: float, rng: np.random.Generator
) -> Fabric:
    """Find for each voxel of a stack which grain it belongs to, and how far it is from it."""
    nearest = np.zeros(shape, np.int32)
    outside, second = (np.full(shape, grain_size, np.float32) for _ in range(2))
    largest = int(2 * _REACH * grains.radii.max()) + 2
    bumps = smooth_noise([min(n, largest) + 12 for n in shape], grain_size / 4, rng)
    forms = _broken_ellipsoids(grains.radii, rng)
    shifts = rng.integers(0, 12, grains.centers.shape)
    for index, (center, radius) in enumerate(zip(grains.centers, grains.radii, strict=True)):
        box, offsets = box_around(center, _REACH * radius, shape)
        distance = _distance_to_grain(offsets, radius, *(form[index] for form in forms))
        rough = tuple(slice(s, s + n) for s, n in zip(shifts[index], distance.shape, strict=True))
        distance += np.float32(0.09 * radius) * bumps[rough]
        nearest[box][distance < outside[box]] = index
        np.minimum(second[box], np.maximum(outside[box], distance), out=second[box])
        np.minimum(outside[box], distance, out=outside[box])
    return Fabric(nearest, outside, second - outside)


def box_around(
    center: np.ndarray, reach: float, shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], list[np.ndarray]]:
    """Return the part of a stack within `reach` of `center`, and its Z, Y, X offsets from there."""
    low = np.clip(np.ceil(center - reach), 0, shape).astype(int)
    high = np.clip(np.floor(center + reach) + 1, low, shape).astype(int)
    z, y, x = (np.arange(*ends, dtype=np.float32) for ends in zip(low, high, strict=True))
    z, y, x = (z - center[0], y - center[1], x - center[2])
    offsets = [z[:, None, None], y[:, None], x]
    return tuple(map(slice, low, high)), [o.astype(np.float32) for o in offsets]


def _broken_ellipsoids(
    radii: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forms turned at random: metrics (N, 3, 3), broken faces (N, 3, 3), their depths (N, 3)."""
    n_grains = len(radii)
    turns = np.linalg.qr(rng.normal(size=(n_grains, 3, 3)))[0]
    axes = np.exp(rng.normal(0, 0.22, (n_grains, 1, 3)))
    axes /= np.cbrt(axes.prod(axis=2, keepdims=True))
    metrics = (turns / axes**2) @ turns.transpose(0, 2, 1)
    faces = rng.normal(size=(n_grains, 3, 3))
    faces /= np.linalg.norm(faces, axis=2, keepdims=True)
    depths = rng.uniform(0.5, 1.1, (n_grains, 3)) * radii[:, None]
    return tuple(form.astype(np.float32) for form in (metrics, faces, depths))


def _distance_to_grain(
    offsets: list[np.ndarray],
    radius: float,
    metric: np.ndarray,
    faces: np.ndarray,
    depths: np.ndarray,
) -> np.ndarray:
    """Distance outside an ellipsoid with broken faces, about right near its surface."""
    z, y, x = offsets
    (a, d, e), (_, b, f), (_, _, c) = metric
    distance = z * (2 * (d * y + e * x))
    distance += b * y * y + c * x * x + (2 * f) * (y * x)
    distance += a * z * z
    np.sqrt(np.maximum(distance, 0, out=distance), out=distance)
    distance -= np.float32(radius)
    for (a, b, c), depth in zip(faces, depths, strict=True):
        np.maximum(distance, (b * y + (c * x - depth)) + a * z, out=distance)
    return distance


def smooth_noise(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> np.ndarray:
    """Random field of mean 0 and deviation 1 that changes over `length` pixels, float32."""
    weights = [_spline_weights(size, length) for size in shape]
    along_z, along_y, along_x = weights
    knots = rng.standard_normal([w.shape[1] for w in weights], dtype=np.float32)
    slices = (along_z @ knots.reshape(len(knots), -1)).reshape(-1, *knots.shape[1:])
    return (along_y @ slices) @ along_x.T


def correlated_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and deviation 1 that neighbouring voxels share."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, sigma, truncate=2.5)
    noise /= noise.std()
    return noise


def _spline_weights(size: int, length: float) -> np.ndarray:
    """(size, knots) weights of cubic B-splines `length` apart, scaled to keep the deviation."""
    position = np.arange(size)[:, None] / length
    knots = np.arange(-1, int(np.ceil((size - 1) / length)) + 2)
    distance = np.abs(position - knots)
    inner = 2 / 3 - distance**2 + distance**3 / 2
    outer = np.clip(2 - distance, 0, None) ** 3 / 6
    weights = np.where(distance < 1, inner, outer)
    return (weights / np.sqrt((weights**2).sum(axis=1, keepdims=True))).astype(np.float32)
