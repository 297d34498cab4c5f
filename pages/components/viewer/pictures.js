/** What Python sends, unpacked and decoded. */

import { unpack } from "../shared/packed.js";
import { gatherBlocks, hatch } from "./colors.js";

const DECODED_KEPT = 16;

/** Split the bytes into the header and the pictures, each with its digest. */
export function readMessage(bytes) {
  const { header, blobs } = unpack(bytes, (found) => found.blobs.map(([, length]) => length));
  return { header, blobs: blobs.map((blob, i) => ({ digest: header.blobs[i][0], bytes: blob })) };
}

/** Decodes each picture once; the latest are kept. */
export class Decoder {
  constructor() {
    this.decoded = new Map(); // digest -> picture, the latest last
  }

  /** The slice a message is about: its pictures and their size. */
  async slice({ header, blobs }) {
    const get = (index) => (index == null ? null : this.decode(blobs[index]));
    const panes = await Promise.all(
      header.panes.map(async ({ grey, labels, picture, confidence }) => ({
        grey: await get(grey),
        labels: await get(labels),
        picture: await get(picture),
        confidence: await get(confidence),
      })),
    );
    const { width, height } = panes[0].grey;
    return { z: header.z, width, height, panes, highlight: await get(header.highlight), outline: header.outline };
  }

  async decode({ digest, bytes }) {
    const picture = this.decoded.get(digest) ?? decode(bytes);
    this.decoded.delete(digest);
    this.decoded.set(digest, picture);
    for (const old of this.decoded.keys()) {
      if (this.decoded.size > DECODED_KEPT) this.decoded.delete(old);
    }
    return picture;
  }
}

/** Decode without any color management: a label value must arrive as it was sent. */
async function decode(bytes) {
  const type = bytes[0] === 0xff ? "image/jpeg" : "image/png";
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type }), options);
  const isExact = type === "image/png";
  return { bitmap, width: bitmap.width, height: bitmap.height, isExact, values: null };
}

/** The red samples of a decoded picture: grey levels or label values, (height × width). */
export function valuesOf(decoded) {
  if (!decoded.values) {
    const data = samples(decoded);
    decoded.values = new Uint8Array(data.length / 4);
    for (let i = 0; i < decoded.values.length; i += 1) decoded.values[i] = data[4 * i];
  }
  return decoded.values;
}

/**
 * Ready a picture of errors, or a mask, for the screen. Where image pixels are smaller than those of
 * the screen it comes in blocks of `size` pixels, each in the color of its errors: single ones would
 * fade away. If two colors are given, they are hatched.
 */
export function blocksOf(decoded, size, hatched) {
  decoded.ready ??= new Map();
  const name = `${size} ${hatched}`;
  if (!decoded.ready.has(name)) {
    const pixels = new Uint32Array(samples(decoded).buffer);
    const { out, columns, rows } = gatherBlocks(pixels, decoded.width, size);
    if (hatched) hatch(out, columns, hatched);
    const canvas = makeCanvas(columns, rows);
    canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(out.buffer), columns, rows), 0, 0);
    decoded.ready.set(name, canvas);
  }
  return decoded.ready.get(name);
}

function samples({ width, height, bitmap }) {
  const context = makeCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

export function makeCanvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** Where confidence is shown, labels are only read out. */
export const isColoredByLabels = ({ labels, confidence }) => Boolean(labels && !confidence);

/** Whether a pane can show labels as well as a picture, and the visitor chooses. */
export const hasSwitch = ({ labels, picture, confidence }) => Boolean(labels && picture && !confidence);
