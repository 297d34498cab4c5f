/**
 * What is painted in one stack, and with what: shared by all viewers of a page that show it. It goes on
 * when they close, until all is saved.
 */

import { clamp } from "../../shared/clamp.js";
import { unpack } from "../../shared/packed.js";
import { Decoder, valuesOf } from "../../viewer/pictures.js";
import { Log } from "./log.js";
import { Strokes } from "./strokes.js";
import { SAVED, Shelf, Sync } from "./sync.js";

const MOST_VALUE = 8;
const LARGEST = 199; // pixels
const USUAL_SHARE = 83; // a brush is at first that part of the width of a slice
const USUAL = [4, 16]; // but from 4 to 16 pixels
const ID_BYTES = 12;

const sessions = new Map(); // journal -> Session
const hands = new Map(); // journal -> what is painted with: it stays when a page is drawn anew

/** The session of a journal. */
export function sessionOf({ journal, shape }) {
  if (!sessions.has(journal)) sessions.set(journal, new Session(journal, shape));
  return sessions.get(journal);
}

class Session {
  constructor(journal, shape) {
    this.users = new Set(); // paintings that show it
    const size = clamp(Math.round(shape[2] / USUAL_SHARE), ...USUAL);
    if (!hands.has(journal)) hands.set(journal, { tool: "brush", value: 1, size });
    this.hand = hands.get(journal); // `value` is the class that is painted, `size` a diameter in image pixels
    this.strokes = new Strokes(shape, (...run) => this.each("changed", ...run));
    this.log = new Log(this.strokes);
    this.sync = new Sync({
      log: this.log,
      shelf: new Shelf(journal, storage()),
      tell: (status) => this.tell(status),
      arrived: () => this.each("arrived"),
      readImport,
    });
    this.status = { text: SAVED, message: "", isLost: false, n: 0 };
    this.end = new AbortController();
    const { signal } = this.end;
    addEventListener("online", () => this.sync.retry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.sync.look(), { signal });
    this.close = () => sessions.delete(journal) && this.end.abort();
  }

  each(method, ...needs) {
    for (const user of this.users) user[method](...needs);
  }

  tell(status) {
    this.status = status;
    this.each("showStatus", status);
    this.endIfSaved();
  }

  /** Without users it waits only until the server has all. */
  endIfSaved() {
    if (this.users.size || this.status.text !== SAVED) return;
    this.sync.close();
    this.close();
  }

  join(user, address) {
    this.users.add(user);
    this.sync.open(address);
  }

  leave(user) {
    this.users.delete(user);
    this.endIfSaved();
  }

  // -------------------------------------------------------------- what is painted with

  get tool() {
    return this.hand.tool;
  }

  get value() {
    return this.hand.value;
  }

  get size() {
    return this.hand.size;
  }

  choose(tool) {
    this.take({ tool });
  }

  take(hand) {
    Object.assign(this.hand, hand);
    this.each("showTools");
  }

  chooseClass(value, nClasses) {
    if (value < 1 || value > Math.min(nClasses, MOST_VALUE)) return;
    this.take({ value, tool: this.tool === "eraser" || this.tool === "hand" ? "brush" : this.tool });
  }

  resize(size) {
    this.take({ size: clamp(Math.round(size), 1, LARGEST) });
  }

  /** The next larger or smaller brush, about a seventh away. */
  resizeBy(steps) {
    const size = Math.round(this.size * 1.15 ** steps);
    this.resize(size === this.size ? this.size + steps : size);
  }

  // -------------------------------------------------------------- events

  /** A stroke from a point, not yet painted. */
  stroke({ axis, at }, point, isEraser) {
    const tool = isEraser ? "brush" : this.tool;
    const value = isEraser ? 0 : this.value;
    return { id: newId(), do: "paint", axis, at, value, tool, size: this.size, points: [point] };
  }

  /** Note and send the stroke that is painted; return it, or null where it changed nothing. */
  keep() {
    const { event, runs } = this.strokes.live;
    if (!runs.length) {
      this.strokes.cancel();
      return null;
    }
    this.log.note(event, this.strokes.keep());
    this.sync.push(event);
    return event;
  }

  /** Play and send an event; return whether it did anything. */
  add(event) {
    const whole = { id: newId(), ...event };
    if (!this.log.add(whole)) return false;
    this.sync.push(whole);
    return true;
  }
}

/** Where strokes wait; a browser may forbid it. */
function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/** Slices of imported strokes, by z: their numbers in the header, then a grey PNG of each. */
async function readImport(bytes) {
  const { header, blobs } = unpack(bytes, ({ lengths }) => lengths);
  const decoder = new Decoder();
  const slices = new Map();
  for (const [i, z] of header.slices.entries()) {
    slices.set(z, valuesOf(await decoder.decode({ digest: z, bytes: blobs[i] })));
  }
  return slices;
}
