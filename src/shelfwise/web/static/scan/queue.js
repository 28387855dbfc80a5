// Sends what is kept: first bookings in their order, then photos. Tries again when the connection is back.
import { api, wordsOf } from "/static/api.js";
import { finishJob, jobsOf, keepPhoto, photosOf, releaseJob } from "/static/scan/kept.js";
import { Sender, isFinal } from "/static/sender.js";

const AT_ONCE = 3;

/** The sender. Its events: "photo" (detail: the photo), "booked" (job, reply), "refused" (job, error), "state". */
export class Queue extends Sender {
  constructor(owner) {
    super(owner, "shelfwise-scan");
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
    this.setState(false);
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
