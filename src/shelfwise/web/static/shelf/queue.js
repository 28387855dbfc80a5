// Sends shelf photos that are kept, one set after the other, and puts the photos of one shelf together.
import { ApiError, api, wordsOf } from "/static/api.js";
import { Sender, isFinal } from "/static/sender.js";
import { changePhoto, dropPhotos, keepPhotos, waitingPhotos } from "/static/shelf/kept.js";
import { calling } from "/static/shelf/words.js";

const NAME = "shelfwise-shelf"; // of the lock and of the channel between tabs
const NEVER = [413, 415, 422]; // what the server says of what is wrong itself: it would be so again

/** Why photos were refused, as it is kept with them. */
function refusal(error, photos) {
  const names = new Map(photos.map((one) => [one.shelf, `“${one.name}”`]));
  return { error: calling(wordsOf(error), names), final: NEVER.includes(error.status) };
}

/** The sender. Its events: "state", "sent" and, by another tab, "elsewhere" (detail: {set, shelf, alone, own}), "trouble" (the reason in words). */
export class Queue extends Sender {
  constructor(owner) {
    super(owner, NAME);
    this.photos = []; // as they were read last
    this.own = new Set(); // sets that were taken in this tab
    this.far = null; // what this tab does just now: {set, step: "send", "look" or "join", photo, progress}
    this.others = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
    this.others?.addEventListener("message", ({ data }) => this.heard(data));
  }

  /** What another tab has done. */
  async heard({ owner, sent }) {
    if (owner !== this.owner) return;
    await this.read();
    if (sent) this.tell(this.own.has(sent.set) ? "sent" : "elsewhere", { ...sent, own: this.own.has(sent.set) });
  }

  tellOthers(sent = null) {
    this.others?.postMessage({ owner: this.owner, sent });
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
    for (const { id } of set) await changePhoto(id, { error: "", final: false });
    await this.read();
    this.start();
  }

  later(error) {
    super.later(error);
    if (this.trouble) this.tell("trouble", this.trouble);
  }

  /** Say what is being done, and of which photo. */
  go(set, step, photo = null, progress = null) {
    this.far = { set: set[0].set, step, photo, progress };
    this.tell("state");
  }

  async round() {
    // Only now: what this tab has read before, another one may have sent meanwhile.
    await this.read();
    for (const set of this.sets()) if (!set.some((one) => one.error)) await this.sendSet(set);
  }

  /** Send the photos of one shelf. What was removed meanwhile is sent no further. */
  async sendSet(set) {
    try {
      for (const photo of set) if (!photo.shelf && !(await this.send(photo, set))) return;
      if (!set.some((one) => one.error)) await this.finish(set);
    } catch (error) {
      if (!isFinal(error)) throw error;
      const why = refusal(error, set);
      for (const { id } of set) await changePhoto(id, why);
      this.tellOthers();
    } finally {
      this.far = null;
    }
    await this.read();
    this.setState(false);
  }

  /** The server has them all: put them together, and keep them here no more. */
  async finish(set) {
    const shelf = set.length > 1 ? await this.joined(set) : set[0].shelf;
    if (!shelf) return;
    const sent = { set: set[0].set, shelf, alone: this.sets().length === 1 };
    await dropPhotos(set.map((one) => one.id));
    this.tellOthers(sent);
    await this.read();
    this.tell("sent", { ...sent, own: this.own.has(sent.set) });
  }

  /** Whether all of them are kept still: they may have been removed, here or in another tab. */
  async waits(set) {
    await this.read();
    return set.every(({ id }) => this.photos.some((one) => one.id === id));
  }

  /** Send a photo; whether it was to be sent, and its set is to be sent on. */
  async send(photo, set) {
    if (!(await this.waits([photo]))) return false;
    this.go(set, "send", photo);
    const form = new FormData();
    form.append("photo", photo.blob, photo.name);
    const where = photo.place ? `&location=${photo.place}` : "";
    try {
      const { body } = await api("POST", `/api/v1/shelf?store=${photo.store}${where}&wait=0`, { body: form, key: photo.id, timeout: 300000 });
      photo.shelf = body.id;
      return changePhoto(photo.id, { shelf: body.id, blob: null });
    } catch (error) {
      if (!(error instanceof ApiError && NEVER.includes(error.status))) throw error;
      // The other one of its set is good for itself.
      const { error: words } = refusal(error, []);
      Object.assign(photo, { error: set.length > 1 ? `“${photo.name}”: ${words}` : words, final: true });
      this.tellOthers();
      return changePhoto(photo.id, { error: photo.error, final: true });
    }
  }

  /** Wait until both have been looked at, and put them together; null where they were removed meanwhile. */
  async joined(set) {
    for (const photo of set) {
      let now;
      this.go(set, "look", photo);
      do {
        if (!(await this.waits(set))) return null;
        now = (await api("GET", `/api/v1/shelf/${photo.shelf}`)).body;
        this.go(set, "look", photo, now.progress);
        if (now.state === "waiting") await new Promise((resolve) => setTimeout(resolve, 1000));
      } while (now.state === "waiting");
      if (now.state === "failed") throw new ApiError(409, { detail: `shelf photo ${photo.shelf} could not be looked at: ${now.problem}` });
    }
    if (!(await this.waits(set))) return null;
    this.go(set, "join");
    const { body } = await api("POST", "/api/v1/shelf/join", { body: { ids: set.map((one) => one.shelf) }, key: `join-${set[0].id}`, timeout: 300000 });
    return body.id;
  }
}
