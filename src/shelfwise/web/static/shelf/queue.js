// Sends shelf photos that are kept, one set after the other, and puts the photos of one shelf together.
import { api, wordsOf } from "/static/api.js";
import { Sender, isFinal } from "/static/sender.js";
import { changePhoto, dropPhotos, keepPhotos, waitingPhotos } from "/static/shelf/kept.js";

const NAME = "shelfwise-shelf"; // of the lock and of the channel between tabs

/** The sender. Its events: "state", "sent" (detail: {set, shelf, alone, own}), "trouble" (the reason in words). */
export class Queue extends Sender {
  constructor(owner) {
    super(owner, NAME);
    this.photos = []; // as they were read last
    this.own = new Set(); // sets that were taken in this tab
    this.others = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
    this.others?.addEventListener("message", ({ data }) => this.heard(data));
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

  later(error) {
    super.later(error);
    if (this.trouble) this.tell("trouble", this.trouble);
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
      if (!shelf) return;
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
    this.setState(false);
  }

  /** Whether all of them are kept still: they may have been removed, here or in another tab. */
  async waits(set) {
    await this.read();
    return set.every(({ id }) => this.photos.some((one) => one.id === id));
  }

  /** Send a photo; whether it was to be sent, and its set is to be sent on. */
  async send(photo) {
    if (!(await this.waits([photo]))) return false;
    const form = new FormData();
    form.append("photo", photo.blob, photo.name);
    const where = photo.place ? `&location=${photo.place}` : "";
    const { body } = await api("POST", `/api/v1/shelf?store=${photo.store}${where}&wait=0`, { body: form, key: photo.id, timeout: 300000 });
    photo.shelf = body.id;
    return changePhoto(photo.id, { shelf: body.id, blob: null });
  }

  /** Wait until both have been looked at, and put them together; null where they were removed meanwhile. */
  async joined(set) {
    for (const photo of set) {
      let now;
      do {
        if (!(await this.waits(set))) return null;
        now = (await api("GET", `/api/v1/shelf/${photo.shelf}`)).body;
        if (now.state === "waiting") await new Promise((resolve) => setTimeout(resolve, 1000));
      } while (now.state === "waiting");
    }
    if (!(await this.waits(set))) return null;
    const { body } = await api("POST", "/api/v1/shelf/join", { body: { ids: set.map((one) => one.shelf) }, key: `join-${set[0].id}`, timeout: 300000 });
    return body.id;
  }
}
