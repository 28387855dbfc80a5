// What sends things that are kept on this device: one run at a time, and again when the connection is back.
import { ApiError, OfflineError, wordsOf } from "/static/api.js";

const FIRST_WAIT = 3000;
const LONGEST_WAIT = 60000;

/** Sends what waits, by a ``round()`` of what extends it. Its event: "state". */
export class Sender extends EventTarget {
  /** The lock is the one that tabs of the same kind share. */
  constructor(owner, lock) {
    super();
    this.owner = owner;
    this.lock = lock;
    this.offline = !navigator.onLine;
    this.trouble = ""; // what the server says when it takes nothing now
    this.wait = FIRST_WAIT;
    this.timer = 0;
    this.running = null;
    this.again = false;
    addEventListener("online", () => this.start());
    addEventListener("offline", () => this.setState(true));
    document.addEventListener("visibilitychange", () => document.hidden || this.start());
  }

  tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  setState(offline, trouble = "") {
    this.offline = offline;
    this.trouble = trouble;
    this.tell("state");
  }

  /** Send what waits. Called while it is sending, it looks once more at the end. */
  start() {
    this.again = true;
    this.running ??= this.loop();
    return this.running;
  }

  async loop() {
    clearTimeout(this.timer);
    this.timer = 0;
    try {
      while (this.again) {
        this.again = false;
        // Two tabs do not send the same; where there are no locks, the idempotency keys see to it.
        if (navigator.locks) await navigator.locks.request(this.lock, () => this.round());
        else await this.round();
        this.wait = FIRST_WAIT;
      }
    } catch (error) {
      this.later(error);
    } finally {
      // In one go with the last look at "again": a start in between would find it running and be lost.
      this.running = null;
      if (this.again && !this.timer) this.start();
    }
  }

  later(error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    const offline = error instanceof OfflineError;
    this.timer = setTimeout(() => this.start(), Math.max(this.wait, (error.retryAfter || 0) * 1000));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    this.setState(offline, offline ? "" : wordsOf(error));
  }
}

/** Whether sending the same again would be answered the same. What is not: signed out, too many at once, a fault there. */
export function isFinal(error) {
  return error instanceof ApiError && error.status < 500 && ![401, 408, 425, 429].includes(error.status);
}

/** Why something could not be kept on this device; full: what to say where it has no room. */
export function whyNotKept(error, full) {
  if (error?.name === "QuotaExceededError") return full;
  return `The photos could not be kept on this device: ${error?.message || error}`;
}
