/** Bytes as Python packs them: length of the header, the header in JSON, then blobs. */

/** Split them; `lengthsOf` finds the lengths of the blobs in the header. */
export function unpack(bytes, lengthsOf) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  let start = 4 + size;
  const blobs = lengthsOf(header).map((length) => bytes.subarray(start, (start += length)));
  return { header, blobs };
}
