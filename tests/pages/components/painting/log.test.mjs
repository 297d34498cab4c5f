import assert from "node:assert/strict";
import { test } from "node:test";

import { Log } from "../../../../pages/components/painting/strokes/log.js";
import { Strokes } from "../../../../pages/components/painting/strokes/strokes.js";
import { events, numbers } from "./random.mjs";

const SHAPE = [3, 29, 31];
const volume = (strokes) => Buffer.concat([0, 1, 2].map((z) => Buffer.from(strokes.plane("z", z))));

function ofServer(list) {
  const strokes = new Strokes(SHAPE);
  for (const event of list) strokes.play(event);
  return volume(strokes);
}

const made = () => new Log(new Strokes(SHAPE));

test("tabs that paint at once end with the same pixels, in the server's order", () => {
  for (let seed = 1; seed < 15; seed += 1) {
    const random = numbers(seed);
    const server = [];
    const tabs = [0, 1, 2].map((tab) => ({ log: made(), own: events(40, SHAPE, 10 * seed + tab, `tab-${tab}`) }));
    while (tabs.some(({ log, own }) => own.length || log.pending.length)) {
      const { log, own } = tabs[random(3)];
      const makes = random(4);
      for (const event of own.splice(0, makes)) log.add(event);
      if (random(2)) continue;
      const sent = log.pending.slice(0, 1 + random(5)).map(({ event }) => event);
      server.push(...sent.filter(({ id }) => !server.some((known) => known.id === id)));
      if (random(4)) log.merge(server.slice(log.n)); // else the answer is lost, and they are sent again
    }
    for (const { log } of tabs) {
      log.merge(server.slice(log.n));
      assert.deepEqual(volume(log.strokes), ofServer(server));
    }
  }
});

test("a refused event is taken back, and what came after it stays", () => {
  const log = made();
  const [first, second] = events(60, SHAPE, 3).filter(({ tool }) => tool === "brush");
  log.add(first);
  log.add(second);
  log.merge([second], [first.id]);
  assert.deepEqual(volume(log.strokes), ofServer([second]));
  assert.equal(log.pending.length, 0);
});

test("a stroke that is being painted goes on while others' come", () => {
  const log = made();
  const stroke = { id: "mine", do: "paint", axis: "z", at: 1, value: 3, tool: "brush", size: 5, points: [[4, 4]] };
  log.strokes.begin(stroke);
  log.strokes.extend([20, 4]);
  const others = events(20, SHAPE, 4).filter((event) => event.do === "paint");
  log.merge(others);
  log.strokes.extend([20, 20]);
  log.note(stroke, log.strokes.keep());
  assert.deepEqual(volume(log.strokes), ofServer([...others, { ...stroke, points: [[4, 4], [20, 4], [20, 20]] }]));
});

test("a server that has lost strokes is believed, and what is not acknowledged is kept", () => {
  const log = made();
  const [first, second, third] = events(60, SHAPE, 5).filter(({ tool }) => tool === "brush");
  log.merge([first, second]);
  log.add(third);
  log.restart();
  log.merge([first]);
  assert.deepEqual(volume(log.strokes), ofServer([first, third]));
});
