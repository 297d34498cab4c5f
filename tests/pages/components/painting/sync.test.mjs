import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Log } from "../../../../pages/components/painting/strokes/log.js";
import { Strokes } from "../../../../pages/components/painting/strokes/strokes.js";
import { LOST, SAVED, Shelf, Sync } from "../../../../pages/components/painting/strokes/sync.js";
import { events } from "./random.mjs";

const SHAPE = [3, 29, 31];
const STROKES = events(60, SHAPE, 7).filter(({ tool }) => tool === "brush");

/** A storage as browsers have it. */
class Storage {
  items = new Map();
  get length() {
    return this.items.size;
  }
  key(i) {
    return [...this.items.keys()][i];
  }
  getItem(name) {
    return this.items.get(name);
  }
  setItem(name, text) {
    this.items.set(name, text);
  }
  removeItem(name) {
    this.items.delete(name);
  }
}

/** A server that keeps events, and can be out of reach. */
class Server {
  events = [];
  isLost = false;
  refuses = [];
  posts = [];
  async ask(address, { body } = {}) {
    if (this.isLost) throw new TypeError("no connection");
    const known = body ? JSON.parse(body).known : Number(address.match(/known=(\d+)/)[1]);
    const sent = body ? JSON.parse(body).events : [];
    if (body) this.posts.push(sent.length);
    if (this.isFull?.(sent)) return Response.json({ message: "Too much." }, { status: 413 });
    const refused = sent.filter(({ id }) => this.refuses.includes(id)).map(({ id }) => ({ id, message: "No." }));
    for (const event of sent) {
      const isKnown = this.events.some(({ id }) => id === event.id);
      if (!isKnown && !this.refuses.includes(event.id)) this.events.push(event);
    }
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw new TypeError("the connection broke");
    }
    return Response.json({ n: this.events.length, events: this.events.slice(known), refused });
  }
}

let server, storage, told;

function tab() {
  const log = new Log(new Strokes(SHAPE));
  const tell = (status) => told.push(status);
  const sync = new Sync({ log, shelf: new Shelf("a", storage), tell, arrived: () => {}, ask: (...all) => server.ask(...all) });
  const paint = (event) => log.add(event) && sync.push(event);
  return { log, sync, paint };
}

async function settle(ms = 0) {
  for (let i = 0; i < 50; i += 1) await new Promise((done) => setImmediate(done));
  mock.timers.tick(ms);
  for (let i = 0; i < 50; i += 1) await new Promise((done) => setImmediate(done));
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { cookie: "", hidden: false };
  [server, storage, told] = [new Server(), new Storage(), []];
});

test("what is painted is sent at once, and forgotten here when the server has it", async () => {
  const { sync, paint } = tab();
  sync.open("/a/");
  await settle();
  for (const event of STROKES.slice(0, 3)) paint(event);
  assert.equal(storage.length, 3);
  await settle();
  assert.deepEqual(server.events, STROKES.slice(0, 3));
  assert.equal(storage.length, 0);
  assert.equal(told.at(-1).text, SAVED);
});

test("without a connection nothing is lost, and it is said", async () => {
  const { sync, paint, log } = tab();
  sync.open("/a/");
  await settle();
  server.isLost = true;
  for (const event of STROKES.slice(0, 5)) paint(event);
  await settle();
  assert.equal(told.at(-1).text, LOST);
  assert.equal(storage.length, 5);
  await settle(600);
  server.isLost = false;
  await settle(2000);
  assert.deepEqual(server.events, STROKES.slice(0, 5));
  assert.equal(told.at(-1).text, SAVED);
  assert.equal(log.pending.length, 0);
});

test("an answer that got lost does not make a stroke count twice", async () => {
  const { sync, paint, log } = tab();
  sync.open("/a/");
  await settle();
  server.losesAnswer = true;
  paint(STROKES[0]);
  await settle();
  paint(STROKES[1]);
  await settle(1000);
  assert.deepEqual(server.events, STROKES.slice(0, 2));
  assert.equal(log.n, 2);
});

test("a page reloaded without a connection still has its strokes, and sends them", async () => {
  const before = tab();
  before.sync.open("/a/");
  await settle();
  server.isLost = true;
  before.paint(STROKES[0]);
  before.paint(STROKES[1]);
  await settle();
  before.sync.close();
  server.isLost = false;

  const after = tab();
  after.sync.open("/b/");
  await settle();
  assert.deepEqual(server.events, STROKES.slice(0, 2));
  assert.equal(storage.length, 0);
  assert.deepEqual(after.log.strokes.plane("z", STROKES[0].at), before.log.strokes.plane("z", STROKES[0].at));
});

test("what nobody came back to for months is dropped, and nothing else", async () => {
  const old = String(Date.now() - 90 * 24 * 3600e3).padStart(16, "0");
  storage.setItem(`sandseg-stroke:another:${old}:event-1`, "{}");
  storage.setItem("something-else", "1");
  new Shelf("a", storage).put(STROKES[0]);
  assert.deepEqual(new Shelf("a", storage).left(), [STROKES[0]]);
  assert.equal(storage.length, 2);
});

test("a second tab sees what the first one paints", async () => {
  const [one, two] = [tab(), tab()];
  one.sync.open("/a/");
  two.sync.open("/b/");
  await settle();
  one.paint(STROKES[0]);
  await settle();
  two.sync.hear(1);
  await settle();
  assert.equal(two.log.n, 1);
  assert.equal(two.log.strokes.canUndo, true);
});

test("what the server refuses is taken back, and why is said", async () => {
  const { sync, paint, log } = tab();
  sync.open("/a/");
  await settle();
  server.refuses = [STROKES[0].id];
  paint(STROKES[0]);
  await settle();
  assert.ok(told.some(({ message }) => message === "No."));
  assert.equal(log.strokes.canUndo, false);
  assert.equal(storage.length, 0);
});

test("one stroke that is too large does not keep the others back", async () => {
  const { sync, paint } = tab();
  sync.open("/a/");
  await settle();
  server.isFull = (sent) => sent.some(({ id }) => id === STROKES[1].id);
  server.isLost = true;
  for (const event of STROKES.slice(0, 4)) paint(event);
  await settle();
  server.isLost = false;
  await settle(1000);
  await settle(1000);
  assert.deepEqual(server.events.map(({ id }) => id), [0, 2, 3].map((i) => STROKES[i].id));
  assert.ok(told.some(({ message }) => message === "Too much."));
});

test("where the browser keeps nothing, strokes are sent all the same", async () => {
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const { sync, paint } = tab();
  sync.open("/a/");
  await settle();
  paint(STROKES[0]);
  await settle();
  assert.equal(server.events.length, 1);
});

test("a page that is too old says so, and goes on with a new ticket", async () => {
  const { sync, paint } = tab();
  sync.open("/a/");
  await settle();
  const { ask } = server;
  server.ask = async () => Response.json({ message: "This page is too old.", hint: "Reload it." }, { status: 404 });
  paint(STROKES[0]);
  await settle();
  assert.match(told.at(-1).text, /too old/);
  paint(STROKES[1]);
  await settle();
  assert.match(told.at(-1).text, /too old/);
  server.ask = ask;
  sync.open("/b/");
  await settle();
  assert.equal(server.events.length, 2);
  assert.equal(told.at(-1).text, SAVED);
});
