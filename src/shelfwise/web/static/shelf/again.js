// Looking once more at a shelf photo: what nobody has named is named anew; the boxes can be worked on meanwhile.
import { flash } from "/static/app.js";
import { fillBar, lookingWords, sentence } from "/static/shelf/words.js";

const NAMED = 3;

export class LookingAgain {
  /** place: where its button and how far it is are shown; model: what names products now; look(button) begins it. */
  constructor(place, model, look) {
    Object.assign(this, { place, model, before: null });
    this.button = place.querySelector("button");
    this.button.addEventListener("click", () => look(this.button));
  }

  /** Show it where there is something to be named anew, and why that failed the last time. */
  show(shelf) {
    const { model, problem } = shelf.body;
    // Of boxes that are all named another model still sees anew which look the same.
    this.place.hidden = !this.before && (!this.model || model === this.model) && shelf.boxes.every((box) => box.verdict);
    const told = this.place.querySelector("[data-problem]");
    told.hidden = !problem || Boolean(this.before);
    told.textContent = problem ? failed(problem) : "";
  }

  /** Remember what is said of the boxes, to tell what is said otherwise afterwards. */
  begin(shelf) {
    this.before ??= new Map(shelf.boxes.map((box) => [box.key, said(box)]));
  }

  stop() {
    this.before = null;
  }

  /** Show how far it is, as the server says with a shelf photo. */
  follow(shelf, { progress, problem }) {
    const looking = this.place.querySelector(".looking");
    looking.hidden = !progress;
    this.button.disabled = Boolean(progress);
    if (progress) {
      this.begin(shelf);
      fillBar(looking.querySelector("progress"), progress);
      const words = progress.total || progress.ahead ? lookingWords(progress) : "Looking again…";
      const told = looking.querySelector("p");
      if (told.textContent !== words) told.textContent = words;
    } else if (this.before) {
      if (problem) flash(failed(problem), "bad");
      else flash(this.result(shelf));
      this.stop();
    }
    this.show(shelf);
  }

  result(shelf) {
    const changed = shelf.boxes.filter((box) => !box.verdict && this.before.has(box.key) && this.before.get(box.key) !== said(box));
    if (!changed.length) return "Looked again: the same is said of all facings.";
    const told = `Looked again: of ${changed.length} ${changed.length === 1 ? "facing" : "facings"} something else is said now.`;
    // What counted before counts no more: why is not seen where it counted.
    const doubted = changed.filter((box) => box.answer === "ask" && this.before.get(box.key).startsWith("accept "));
    if (!doubted.length) return told;
    const names = [...new Set(doubted.map((box) => shelf.nameOf(box)))];
    return `${told} ${doubted.length} ${doubted.length === 1 ? "is" : "are"} to check now, because ${doubted.length === 1 ? "it" : "they"} may be ${names.slice(0, NAMED).join(" or ")}${names.length > NAMED ? " or others" : ""}.`;
  }
}

function failed(problem) {
  return sentence(`It could not be looked at again: ${problem}`);
}

function said({ answer, product, category }) {
  return `${answer} ${product?.id ?? ""} ${category ?? ""}`;
}
