/** Made-up strokes for tests: the same for the same seed. */

/** A function that returns whole numbers below its argument. */
export function numbers(seed) {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 1 | state) + 0x6d2b79f5) >>> 0;
    return Math.floor((((state ^ (state >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const SIZES = { z: [2, 1], y: [2, 0], x: [1, 0] }; // axis -> which lengths of (Z, Y, X) a plane has

/** Strokes on all axes of a stack of `shape` (Z, Y, X), with undo, redo and clear between. */
export function events(n, shape, seed, prefix = "event") {
  const random = numbers(seed);
  const some = (list) => list[random(list.length)];
  return Array.from({ length: n }, (_, i) => {
    const id = `${prefix}-${String(i).padStart(6, "0")}`;
    const kind = random(20);
    if (kind < 4) return { id, do: "undo" };
    if (kind < 7) return { id, do: "redo" };
    if (kind === 7) return { id, do: "clear" };
    const axis = some(["z", "z", "z", "y", "x"]);
    const [width, height] = SIZES[axis].map((which) => shape[which]);
    const at = random(shape["zyx".indexOf(axis)]);
    const tool = some(["brush", "brush", "line", "fill"]);
    const nPoints = { brush: 1 + random(6), line: 2, fill: 1 }[tool];
    const points = Array.from({ length: nPoints }, () => [random(width), random(height)]);
    return { id, do: "paint", axis, at, value: random(4), tool, size: 1 + random(12), points };
  });
}
