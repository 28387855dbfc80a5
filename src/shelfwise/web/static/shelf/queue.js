// Sends shelf photos that are kept, one set after the other, and puts the photos of one shelf together.
import { ApiError, OfflineError, api, wordsOf } from "/static/api.js";
import { isFinal } from "/static/scan/queue.js";
import { changePhoto, dropPhotos, keepPhotos, waitingPhotos } from "/static/shelf/kept.js";

const FIRST_WAIT = 3000;
const LONGEST_WAIT = 60000;
const NAME = "shelfwise-shelf"; // of the lock and of the channel between tabs

/** The sender. Its events: "state", "sent" (detail: {set, shelf, alone, own}), "trouble" (the reason in words). */
export class Queue extends EventTarget {
  constructor(owner) {
    super();
    this.owner = owner;
    this.photos = []; // as they were read last
    this.own = new Set(); // sets that were taken in this tab
    this.offline = !navigator.onLine;
    this.wait = FIRST_WAIT;
    this.timer = 0;
    this.running = null;
    this.again = false;
    this.others = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
    this.others?.addEventListener("message", ({ data }) => this.heard(data));
    addEventListener("online", () => this.start());
    addEventListener("offline", () => this.setOffline(true));
    document.addEventListener("visibilitychange", () => document.hidden || this.start());
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** What another tab has done. */
  async heard({ owner, sent }) {
    if (owner !== this.owner) return;
    await this.read();
    if (sent && this.own.has(sent.set)) this.tell("sent", { ...sent, own: true });
  }

  tellOthers(sent = null) {
    this.others?.postMessage({ owner: this.owner, sent });
  }

  setOffline(offline) {
    this.offline = offline;
    this.tell("state");
  }

  /** Read what is kept: other tabs add to it and take away from it as well. */
  async read() {
    this.photos = await waitingPhotos(this.owner);
    this.tell("state");
  }

  /** The photos of each shelf, in their order. */
  sets() {
    const sets = new Map();
    for (const one of this.photos) sets.set(one.set, [...(sets.get(one.set) || []), one]);
    return [...sets.values()];
  }

  async add(photos) {
    await keepPhotos(photos);
    for (const { set } of photos) this.own.add(set);
    await this.read();
    this.tellOthers();
    this.start();
  }

  async remove(set) {
    await dropPhotos(set.map((one) => one.id));
    await this.read();
    this.tellOthers();
  }

  /** Send photos again that were refused. */
  async retry(set) {
    for (const { id } of set) await changePhoto(id, { error: "" });
    await this.read();
    this.start();
  }

  /** Send what waits. Called while it is sending, it looks once more at the end. */
  start() {
    this.again = true;
    this.running ??= this.loop().finally(() => (this.running = null));
    return this.running;
  }

  async loop() {
    clearTimeout(this.timer);
    while (this.again) {
      this.again = false;
      try {
        // Two tabs do not send the same; where there are no locks, the idempotency keys see to it.
        if (navigator.locks) await navigator.locks.request(NAME, () => this.round());
        else await this.round();
        this.wait = FIRST_WAIT;
      } catch (error) {
        this.later(error);
        return;
      }
    }
  }

  later(error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    this.setOffline(error instanceof OfflineError);
    if (!this.offline) this.tell("trouble", wordsOf(error));
    this.timer = setTimeout(() => this.start(), Math.max(this.wait, (error.retryAfter || 0) * 1000));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  async round() {
    // Only now: what this tab has read before, another one may have sent meanwhile.
    await this.read();
    for (const set of this.sets()) if (!set.some((one) => one.error)) await this.sendSet(set);
  }

  /** Send the photos of one shelf. What was removed meanwhile is sent no further. */
  async sendSet(set) {
    try {
      for (const photo of set) if (!photo.shelf && !(await this.send(photo))) return;
      const shelf = set.length > 1 ? await this.joined(set) : set[0].shelf;
      const sent = { set: set[0].set, shelf, alone: this.sets().length === 1 };
      await dropPhotos(set.map((one) => one.id));
      this.tellOthers(sent);
      await this.read();
      this.tell("sent", { ...sent, own: this.own.has(sent.set) });
    } catch (error) {
      if (!isFinal(error)) throw error;
      for (const { id } of set) await changePhoto(id, { error: wordsOf(error) });
      this.tellOthers();
      await this.read();
    }
    this.setOffline(false);
  }

  /** Send a photo; whether it still is to be sent. */
  async send(photo) {
    const form = new FormData();
    form.append("photo", photo.blob, photo.name);
    const where = photo.place ? `&location=${photo.place}` : "";
    const { body } = await api("POST", `/api/v1/shelf?store=${photo.store}${where}&wait=0`, { body: form, key: photo.id, timeout: 300000 });
    photo.shelf = body.id;
    return changePhoto(photo.id, { shelf: body.id, blob: null });
  }

  /** Wait until both have been looked at, and put them together. */
  async joined(set) {
    for (const photo of set) {
      let now;
      do {
        now = (await api("GET", `/api/v1/shelf/${photo.shelf}`)).body;
        if (now.state === "waiting") await new Promise((resolve) => setTimeout(resolve, 1000));
      } while (now.state === "waiting");
    }
    const { body } = await api("POST", "/api/v1/shelf/join", { body: { ids: set.map((one) => one.shelf) }, key: `join-${set[0].id}`, timeout: 300000 });
    return body.id;
  }
}
