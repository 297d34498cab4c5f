/** The talk with Python: what it is told and how often, and which of its answers are to the newest word. */

const SEND_EVERY_MS = 200;
export const GIVE_UP_MS = 10000; // then what Python says counts again, answer or not

const now = () => performance.now();

export class Talk {
  /** `tell` is called with the number of the newest step to another slice, null before the first. */
  constructor(tell) {
    this.tell = tell;
  }

  close() {
    clearTimeout(this.timer);
  }

  /** Tell at once, then at most every 200 ms. */
  say() {
    if (this.timer) return;
    const wait = Math.max(0, SEND_EVERY_MS - (now() - (this.toldAt ?? -Infinity)));
    this.timer = setTimeout(() => this.send(), wait);
  }

  /** Tell of a step; its number is higher than any before, also those of a page since reloaded. */
  sayStep() {
    this.newest = Math.max((this.newest ?? 0) + 1, Date.now());
    this.say();
  }

  send() {
    this.timer = null;
    this.toldAt = now();
    if (this.newest !== this.toldStep) {
      this.awaited = this.toldStep = this.newest;
      this.askedAt = now();
    }
    this.tell(this.newest ?? null);
  }

  /** Whether the slice of a message is an order: an answer to an older step is only a picture. */
  isNewSlice(answered) {
    const isWaiting = this.awaited != null && now() - this.askedAt < GIVE_UP_MS;
    const isAnswer = answered === this.awaited;
    if ((isWaiting && !isAnswer) || this.timer) return false;
    if (isAnswer) this.awaited = null;
    return true;
  }

  /** Tell of a chosen pixel. */
  sayPixel(pixel) {
    this.pixel = String(pixel);
    this.pickedAt = now();
    this.say();
  }

  /** Whether a marker is news; while the visitor moves it, answers to earlier places are none. */
  isNewMarker(marker, isHeld) {
    const isWaiting = this.pickedAt != null && now() - this.pickedAt < GIVE_UP_MS;
    if (isWaiting && String(marker) !== this.pixel) return false;
    if (!isHeld) this.pickedAt = null;
    return !isHeld;
  }
}
