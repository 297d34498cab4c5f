/**
 * Labels as they are learned: asked for, waited for, handed on.
 *
 * The server answers once it has newer ones for what is seen: first coarse ones of the visible part,
 * then all of the slice (see route.py). Each answer is a header and a grey PNG of label values.
 */

import { unpack } from "../shared/packed.js";
import { Decoder, valuesOf } from "../viewer/pictures.js";

const SETTLE_MS = 120; // while the visitor still moves, nothing new is asked for
const FIRST_WAIT_MS = 500; // before another try without a connection
const LONGEST_WAIT_MS = 8000;
const HIDDEN_LOOK_MS = 1000;

export class Live {
  /**
   * `show` takes { axis, z, box, step, width, height, values, sure, isWhole, isPartial }, or { axis, z,
   * isEmpty } where nothing is learned yet; `sure` is the confidence in percent, if it was asked for; `hear` takes each header: score, next place, number of events the server has;
   * `lose` is called where the ticket is not good any more.
   */
  constructor({ show, hear = () => {}, lose = () => {} }) {
    Object.assign(this, { show, hear, lose });
    this.have = new Map(); // plane and whether with confidence -> version of the labels shown
    this.decoder = new Decoder();
    this.wait = FIRST_WAIT_MS;
  }

  /**
   * Ask for labels of plane `z` along an axis, of `box` [x0, y0, x1, y1] first, under an address with its
   * ticket; `sure`: and how sure they are.
   */
  see({ address, axis, z, box, sure }) {
    const name = [axis, z, sure].join();
    const wanted = [address, name, ...box].join();
    if (wanted === this.wanted) return;
    const isMove = this.target?.address === address && this.target?.name === name;
    if (this.target?.address !== address) this.have.clear();
    Object.assign(this, { wanted, target: { address, name, axis, z, box, sure } });
    this.ask(isMove ? SETTLE_MS : 0);
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.request?.abort();
  }

  /** Ask anew after a while; what was asked before is not waited for any longer. */
  ask(afterMs) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), afterMs);
  }

  async run() {
    if (this.isClosed) return;
    if (document.hidden) {
      this.ask(HIDDEN_LOOK_MS);
      return;
    }
    this.request?.abort();
    const request = (this.request = new AbortController());
    const next = await this.once(this.target, request.signal);
    if (this.request === request && next != null) this.ask(next);
  }

  /** Ask once; return after how many milliseconds to ask again, null for never. */
  async once({ address, name, axis, z, box, sure }, signal) {
    const have = this.have.get(name) ?? 0;
    const query = new URLSearchParams({ axis, z, have, box: box.join(), sure: Number(sure) });
    try {
      const answer = await fetch(`${address}labels?${query}`, { signal, cache: "no-store" });
      if (answer.status === 404) {
        this.lose();
        return null;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.wait = FIRST_WAIT_MS;
      if (answer.status === 200) await this.take(name, new Uint8Array(await answer.arrayBuffer()), signal);
      return 0;
    } catch (error) {
      if (signal.aborted) return null;
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
      return this.wait;
    }
  }

  async take(name, bytes, signal) {
    const { header, blobs } = unpack(bytes, ({ lengths }) => lengths);
    const { axis = "z", z, version, learned, isWhole = false, isEarly = false } = header;
    if (header.isEmpty) {
      this.show({ axis, z, isEmpty: true });
    } else if (blobs.length) {
      const decode = (blob, i) => this.decoder.decode({ digest: `${name} ${version} ${i}`, bytes: blob });
      const [labels, sure] = await Promise.all(blobs.map(decode));
      if (signal.aborted) return;
      const { width, height } = labels;
      this.show({ ...header, axis, width, height, values: valuesOf(labels), sure: sure && valuesOf(sure) });
    }
    this.have.set(name, version);
    this.hear(header);
    const told = [axis, z, learned, isWhole, isEarly, header.score].join();
    if (told === this.told) return; // only a place to paint next: no number has changed
    this.told = told;
    const detail = { version, axis, z, learned, isWhole, isEarly };
    window.dispatchEvent(new CustomEvent("sandseg-taught", { detail }));
  }
}
