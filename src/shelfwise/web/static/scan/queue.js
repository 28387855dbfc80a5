// Sends what is kept: first bookings in their order, then photos. Tries again when the connection is back.
import { ApiError, OfflineError, api, wordsOf } from "/static/api.js";
import { finishJob, jobsOf, keepPhoto, photosOf, releaseJob } from "/static/scan/kept.js";

const AT_ONCE = 3;
const FIRST_WAIT = 3000;
const LONGEST_WAIT = 60000;

/** The sender. Its events: "photo" (detail: the photo), "booked" (job, reply), "refused" (job, error), "state". */
export class Queue extends EventTarget {
  constructor(owner) {
    super();
    this.owner = owner;
    this.offline = !navigator.onLine;
    this.trouble = ""; // what the server says when it takes nothing now
    this.wait = FIRST_WAIT;
    this.timer = 0;
    this.running = null;
    this.again = false;
    addEventListener("online", () => this.start());
    addEventListener("offline", () => this.setState(true, ""));
    document.addEventListener("visibilitychange", () => document.hidden || this.start());
  }

  tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  setState(offline, trouble) {
    this.offline = offline;
    this.trouble = trouble;
    this.tell("state");
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
        if (navigator.locks) await navigator.locks.request("shelfwise-scan", () => this.round());
        else await this.round();
        this.wait = FIRST_WAIT;
        this.setState(false, "");
      } catch (error) {
        this.later(error);
        return;
      }
    }
  }

  later(error) {
    if (error instanceof OfflineError) this.setState(true, "");
    else if (error instanceof ApiError) this.setState(false, error.message);
    else throw error;
    this.timer = setTimeout(() => this.start(), Math.max(this.wait, (error.retryAfter || 0) * 1000));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  async round() {
    for (const job of await jobsOf(this.owner)) await this.sendJob(job);
    const waiting = (await photosOf(this.owner)).filter((photo) => photo.state === "new" && !photo.job);
    const next = waiting.values();
    const worker = async () => {
      for (const photo of next) await this.sendPhoto(photo);
    };
    const ended = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
    const failed = ended.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  async sendJob(job) {
    try {
      const { body } = await api(job.method, job.path, { body: job.body, key: job.id });
      await finishJob(job, (job.verdicts || []).map((one) => this.verdict(job, one)));
      if (job.verdicts?.length) this.again = true;
      this.tell("booked", { job, reply: body });
    } catch (error) {
      if (!isFinal(error)) throw error;
      const own = (await photosOf(this.owner)).filter((photo) => job.photos.includes(photo.id));
      await releaseJob(job, own);
      this.tell("refused", { job, error });
    }
  }

  /** What a booking says of an answer, as a job of its own: the booking does not hang on it. */
  verdict(job, { answer, ...body }) {
    return {
      id: `${job.id}-${answer}`, owner: job.owner, store: job.store, made: Date.now(), method: "POST",
      path: `/api/v1/review/${answer}`, body, photos: [], quiet: true,
    };
  }

  async sendPhoto(photo) {
    const form = new FormData();
    form.append("photos", photo.blob, photo.name);
    let answer;
    try {
      const { body } = await api("POST", `/api/v1/classify?store=${photo.store}`, { body: form, key: photo.id });
      answer = body.answers[0];
    } catch (error) {
      if (!isFinal(error)) throw error;
      answer = { error: wordsOf(error) };
    }
    const now = (await photosOf(this.owner)).find((one) => one.id === photo.id);
    if (!now) return; // removed meanwhile
    const changed = { ...now, state: answer.error ? "bad" : "answered", answer, error: answer.error || "" };
    await keepPhoto(changed);
    this.tell("photo", changed);
  }
}

/** Whether sending the same again would be answered the same. What is not: signed out, too many at once, a fault there. */
export function isFinal(error) {
  return error instanceof ApiError && error.status < 500 && ![401, 408, 425, 429].includes(error.status);
}
