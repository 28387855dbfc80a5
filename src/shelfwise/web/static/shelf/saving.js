// Sends changes of a shelf photo as they are made, in their order; what was not sent yet stays on the device.
import { ApiError, OfflineError, api, meta, wordsOf } from "/static/api.js";
import { isFinal } from "/static/sender.js";
import { sent } from "/static/shelf/model.js";

const AT_ONCE = 200;
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 30000;

/** The sender. Its events: "state", "saved" (detail: the shelf photo), "refused" (the reason in words). */
export class Saving extends EventTarget {
  constructor(id) {
    super();
    this.path = `/api/v1/shelf/${id}`;
    this.name = `shelfwise.shelf.${meta("user")}.${id}`;
    this.waiting = JSON.parse(localStorage.getItem(this.name) || "[]");
    this.tag = null;
    this.offline = false;
    this.trouble = "";
    this.wait = FIRST_WAIT;
    this.singly = 0; // changes to be sent one by one, for one of them is refused
    this.running = null;
    addEventListener("online", () => this.start());
    document.addEventListener("visibilitychange", () => document.hidden || this.start());
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  keep() {
    if (this.waiting.length) localStorage.setItem(this.name, JSON.stringify(this.waiting));
    else localStorage.removeItem(this.name);
    this.tell("state");
  }

  /** Read the shelf photo as the server has it. */
  async read() {
    const { body, etag } = await api("GET", this.path);
    this.tag = etag;
    return body;
  }

  add(changes) {
    this.waiting.push(...changes);
    this.keep();
    this.start();
  }

  /** Send what waits; done when all is sent or nothing can be. */
  start() {
    this.running ??= this.loop().finally(() => (this.running = null));
    return this.running;
  }

  async loop() {
    clearTimeout(this.timer);
    while (this.waiting.length) {
      try {
        await this.batch(this.waiting.slice(0, this.singly ? 1 : AT_ONCE));
      } catch (error) {
        this.later(error);
        return;
      }
    }
  }

  async batch(changes) {
    try {
      const { body, etag } = await api("PATCH", this.path, { body: { boxes: changes.map(sent) }, headers: this.tag ? { "If-Match": this.tag } : {} });
      this.settle(changes.length, etag);
      this.tell("saved", body);
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        // Somebody else has changed other boxes, or this came through before: each change says how a box is to be.
        const body = await this.read();
        this.tell("saved", body);
      } else if (error instanceof ApiError && error.status === 422 && changes.length > 1) {
        this.singly = changes.length;
      } else if (isFinal(error)) {
        this.settle(changes.length, this.tag);
        this.tell("refused", wordsOf(error));
        this.tell("saved", await this.read());
      } else throw error;
    }
  }

  settle(count, etag) {
    this.waiting.splice(0, count);
    this.singly = Math.max(0, this.singly - count);
    this.tag = etag;
    this.offline = false;
    this.trouble = "";
    this.wait = FIRST_WAIT;
    this.keep();
  }

  later(error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    this.offline = error instanceof OfflineError;
    this.trouble = this.offline ? "" : wordsOf(error);
    this.tell("state");
    this.timer = setTimeout(() => this.start(), Math.max(this.wait, (error.retryAfter || 0) * 1000));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }
}
