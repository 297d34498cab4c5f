/**
 * The events of a stack in the order that counts: those the server has, in its order, then ours that
 * it has not answered yet. Ours are shown at once; where the server's order differs, they are taken
 * back and played again after what came between.
 */

export class Log {
  constructor(strokes) {
    this.strokes = strokes;
    this.clear();
  }

  clear() {
    this.n = 0; // events the server has
    this.ids = new Set();
    this.pending = []; // { event, record }: ours that are not acknowledged
  }

  /** Play an event of ours; return whether it did anything, else it need not be sent. */
  add(event) {
    const record = this.strokes.play(event);
    if (record) this.note(event, record);
    return Boolean(record);
  }

  /** Note an event of ours that is played already; `record` is what takes it back. */
  note(event, record) {
    this.ids.add(event.id);
    this.pending.push({ event, record });
  }

  /** Events kept from before a reload; what the server has of them will come from it. */
  restore(events) {
    for (const event of events) {
      if (!this.ids.has(event.id)) this.note(event, this.strokes.play(event));
    }
  }

  /** What the server answers: the events after the first `n`, in its order, and which it refused. */
  merge(events, refusedIds = []) {
    const refused = new Set(refusedIds);
    let i = 0;
    while (i < events.length && this.pending[i] && this.pending[i].event.id === events[i].id) i += 1;
    this.pending.splice(0, i);
    this.n += events.length;
    const rest = events.slice(i);
    if (rest.length || this.pending.some(({ event }) => refused.has(event.id))) this.rebuild(rest, refused);
  }

  /** Start from nothing: the server has fewer events than it had. */
  restart() {
    const ours = this.pending.map(({ event }) => event);
    const { strokes } = this;
    this.setAside(() => {
      Object.assign(strokes, { bands: new Map(), classes: null, done: null, undone: null });
      strokes.changed();
      this.clear();
      this.restore(ours);
    });
  }

  rebuild(events, refused) {
    this.setAside(() => {
      for (const { record } of [...this.pending].reverse()) if (record) this.strokes.takeBack(record);
      const known = new Set(events.map(({ id }) => id));
      const ours = this.pending.filter(({ event }) => !known.has(event.id) && !refused.has(event.id));
      for (const event of events) {
        this.ids.add(event.id);
        this.strokes.play(event);
      }
      this.pending = ours.map(({ event }) => ({ event, record: this.strokes.play(event) }));
    });
  }

  /** Do something without the stroke that is being painted, which then goes on. */
  setAside(work) {
    const live = this.strokes.live?.event;
    if (live) this.strokes.cancel();
    work();
    if (live) this.strokes.begin(live);
  }
}
