import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack } from "../../../../pages/components/shared/packed.js";

test("header and blobs come out of bytes that lie anywhere in a buffer", () => {
  const head = new TextEncoder().encode(JSON.stringify({ name: "µ", sizes: [2, 0, 1] }));
  const bytes = new Uint8Array(3 + 4 + head.length + 3);
  new DataView(bytes.buffer).setUint32(3, head.length, true);
  bytes.set(head, 7);
  bytes.set([8, 9, 7], 7 + head.length);

  const { header, blobs } = unpack(bytes.subarray(3), ({ sizes }) => sizes);

  assert.equal(header.name, "µ");
  assert.deepEqual(blobs.map((blob) => [...blob]), [[8, 9], [], [7]]);
});
