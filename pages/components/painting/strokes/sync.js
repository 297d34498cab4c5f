/**
 * Sends strokes to the server as they are made, and gets those of other tabs.
 *
 * What is not acknowledged stays in memory and in the browser's storage, is sent again until it is,
 * and is found there after a reload. The server counts an event once, however often it comes.
 */

const FIRST_WAIT_MS = 500; // before another try
const LONGEST_WAIT_MS = 8000;
const LOOK_MS = 5000; // how often to look for strokes of other tabs
const MOST_BYTES = 400_000; // of events in one request
const KEEPALIVE_BYTES = 60_000; // more than that a browser does not send while it leaves a page

const KEPT_MS = 60 * 24 * 3600e3;

export const SAVED = "Saved";
export const SAVING = "Saving…";
export const LOST = "Not saved: no connection, trying again";

/** Whether an event waits so long that nobody comes back to it, of whatever journal. */
function isOld(name) {
  const at = name.match(/^sandseg-stroke:.*:(\d{16}):[^:]*$/)?.[1];
  return at !== undefined && Date.now() - Number(at) > KEPT_MS;
}

/** Events that wait in the browser's storage, one by one: several tabs may write at once. */
export class Shelf {
  constructor(journal, storage) {
    Object.assign(this, { prefix: `sandseg-stroke:${journal}:`, storage, names: new Map() });
  }

  /** Events left by this page before a reload, or by another one, in their order. */
  left() {
    const [found, old] = [[], []];
    try {
      for (let i = 0; i < this.storage.length; i += 1) {
        const name = this.storage.key(i);
        if (isOld(name)) old.push(name);
        else if (name.startsWith(this.prefix)) found.push([name, JSON.parse(this.storage.getItem(name))]);
      }
      for (const name of old) this.storage.removeItem(name);
    } catch {
      return []; // no storage, or not ours: what was sent is with the server
    }
    found.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, { id }] of found) this.names.set(id, name);
    return found.map(([, event]) => event);
  }

  put(event) {
    this.count = Math.max((this.count ?? 0) + 1, Date.now());
    const name = `${this.prefix}${String(this.count).padStart(16, "0")}:${event.id}`;
    try {
      this.storage.setItem(name, JSON.stringify(event));
      this.names.set(event.id, name);
    } catch {
      // Full or forbidden: it stays in memory
    }
  }

  drop(id) {
    try {
      if (this.names.has(id)) this.storage.removeItem(this.names.get(id));
    } catch {
      // As above
    }
    this.names.delete(id);
  }
}

export class Sync {
  /** `tell` hears of each change: { text, isLost, message }; `arrived` that events came. */
  constructor({ log, shelf, tell, arrived, ask = (...all) => fetch(...all), readImport = readNothing }) {
    Object.assign(this, { log, shelf, tell, arrived, ask, readImport, wait: FIRST_WAIT_MS });
    this.unsaved = new Set(); // ids that are not acknowledged
    this.restored = false;
  }

  /** Send to an address with its ticket from now on. */
  open(address) {
    if (address === this.address) return;
    this.address = address;
    this.isStopped = false;
    if (!this.restored) {
      this.restored = true;
      this.log.restore(this.shelf.left());
      for (const { event } of this.log.pending) this.unsaved.add(event.id);
    }
    this.isBehind = true;
    this.run();
  }

  close() {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  /** Send an event of ours, which is in the log. */
  push(event) {
    this.shelf.put(event);
    this.unsaved.add(event.id);
    const isTrouble = this.text !== undefined && this.text !== SAVED; // it is still there
    this.say(isTrouble ? this.text : SAVING);
    this.run();
  }

  /** The server has `n` events. */
  hear(n) {
    if (n === this.log.n) return;
    this.isBehind = true;
    this.run();
  }

  say(text, message = "") {
    this.text = text;
    this.tell({ text, message, isLost: text !== SAVED && text !== SAVING, n: this.unsaved.size });
  }

  /** Talk to the server until both sides know the same, one request at a time. */
  async run() {
    if (this.isBusy || this.isStopped || !this.address) return;
    this.isBusy = true;
    clearTimeout(this.timer);
    let next = 0;
    while (!next && !this.isStopped && (this.isBehind || this.log.pending.length)) next = await this.once();
    this.isBusy = false;
    if (this.isStopped) return;
    if (!next) this.say(SAVED);
    this.timer = setTimeout(() => this.look(), next || LOOK_MS);
  }

  /** Try again now, for example because the connection is back. */
  retry() {
    this.wait = FIRST_WAIT_MS;
    if (!this.isBusy) this.run();
  }

  look() {
    this.isBehind ||= !document.hidden;
    this.run();
  }

  /** One request; return after how many milliseconds to try again, 0 for at once. */
  async once() {
    const events = this.batch();
    const { n } = this.log;
    this.isBehind = false;
    try {
      const answer = events.length ? await this.post(events, n) : await this.ask(`${this.address}state?known=${n}`, FRESH);
      if (!answer.ok) return await this.failed(answer, events);
      const news = await answer.json();
      await this.bring(news.events);
      this.take(news, n);
      this.wait = FIRST_WAIT_MS;
      return 0;
    } catch {
      return this.later();
    }
  }

  /** The oldest events that fit in one request. */
  batch() {
    const events = [];
    let bytes = 0;
    for (const { event } of this.log.pending) {
      bytes += JSON.stringify(event).length;
      if (events.length && (bytes > MOST_BYTES || this.isCareful)) break;
      events.push(event);
    }
    return events;
  }

  post(events, known) {
    const body = JSON.stringify({ known, events });
    const headers = { "Content-Type": "application/json", "X-Xsrftoken": xsrfToken() };
    return this.ask(`${this.address}events`, { ...FRESH, method: "POST", body, headers, keepalive: body.length < KEEPALIVE_BYTES });
  }

  /** Get what imports bring: an event says only which file. */
  async bring(events) {
    const { files } = this.log.strokes;
    for (const { file } of events.filter((event) => event.do === "import" && !files.has(event.file))) {
      const answer = await this.ask(`${this.address}imported?file=${encodeURIComponent(file)}`, {});
      if (answer.status === 429) throw new Error("too many requests: again in a while");
      if (!answer.ok) this.say(this.text, "Imported strokes cannot be shown. They count all the same.");
      files.set(file, answer.ok ? await this.readImport(new Uint8Array(await answer.arrayBuffer())) : new Map());
    }
  }

  take({ n, events, refused = [] }, known) {
    if (n < known) {
      this.log.restart(); // it has lost some: learn anew what it has
      this.isBehind = true;
      return;
    }
    for (const { id, message } of refused) this.say(SAVING, message);
    this.log.merge(events, refused.map(({ id }) => id));
    for (const { id } of [...events, ...refused]) {
      this.shelf.drop(id);
      this.unsaved.delete(id);
    }
    this.isBehind ||= this.log.n < n;
    if (events.length || refused.length) this.arrived();
  }

  later(text = LOST) {
    this.isBehind = true;
    this.say(text);
    const wait = this.wait;
    this.wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    return wait;
  }

  async failed(answer, events) {
    const { message = "", hint = "" } = await answer.json().catch(() => ({}));
    const says = `Not saved: ${message} ${hint}`.trim();
    if (answer.status === 404 || answer.status === 403) {
      this.isStopped = true;
      this.say(says);
      return 1;
    }
    const isUnfit = answer.status === 400 || answer.status === 413;
    this.isCareful = isUnfit; // one at a time: only the one that does not fit is lost
    if (isUnfit && events.length > 1) return 0;
    if (isUnfit && events.length) {
      this.take({ n: this.log.n, events: [], refused: [{ id: events[0].id, message }] }, 0);
      return 0;
    }
    return this.later(message ? says : LOST);
  }
}

const readNothing = async () => new Map();

const FRESH = { cache: "no-store" };

const xsrfToken = () => document.cookie.match(/(?:^|; )_streamlit_xsrf=([^;]*)/)?.[1] ?? "";
