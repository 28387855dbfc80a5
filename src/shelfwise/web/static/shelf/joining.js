// The dialog that puts this shelf photo together with another one that is kept.
import { ApiError, OfflineError, api, newKey, wordsOf } from "/static/api.js";
import { el } from "/static/app.js";
import { calling } from "/static/shelf/words.js";

const AT_ONCE = 24;
const NAMED = 3;

/**
 * The numbers of a shelf photo, of all that it was put together from and of all that was put together with it, as far
 * as the photos found tell. What one is made from is older: the newest comes first among them.
 */
function familyOf(shelf, found) {
  const inside = new Set([shelf.id, ...shelf.joined_from]);
  for (const { id, joined_from } of found) if (inside.has(id)) joined_from.forEach((one) => inside.add(one));
  const around = new Set([shelf.id]);
  for (const { id, joined_from } of [...found].reverse()) if (joined_from.some((one) => around.has(one))) around.add(id);
  return new Set([...inside, ...around]);
}

export class Joining {
  /** model: what names products now. */
  constructor(dialog, model) {
    Object.assign(this, { dialog, model, shelf: null, cursor: null, found: [] });
    this.list = dialog.querySelector("[data-found]");
    this.told = dialog.querySelector("[data-told]");
    this.others = dialog.querySelector("[data-others]");
    this.trouble = dialog.querySelector("[data-trouble]");
    this.more = dialog.querySelector("[data-more]");
    this.places = new Map([...document.querySelectorAll("#take-place option")].map((option) => [Number(option.value), option.textContent]));
    this.time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    this.more.addEventListener("click", () => this.find());
  }

  /** Open it for a shelf photo as the server gives it. */
  open(shelf) {
    Object.assign(this, { shelf, cursor: null, found: [] });
    this.list.replaceChildren();
    this.others.hidden = true;
    this.trouble.hidden = true;
    this.dialog.showModal();
    this.find();
  }

  /** Whether it may show another part of the same shelf: what is in this one, or was made with it, does not. */
  fits(other, family) {
    return other.state === "done" && other.store_id === this.shelf.store_id && !family.has(other.id);
  }

  /** Say which photos are left out since another model looked at them, and what to do about that. */
  tellOthers(others) {
    this.others.hidden = !others.length;
    const many = others.length > 1;
    const links = others.slice(0, NAMED).flatMap(({ id }, place) => [place ? ", " : "", el("a", { href: `/shelf/${id}` }, `shelf photo ${id}`)]);
    const where = this.shelf.model !== this.model ? "this page" : many ? "the page of each of them" : "its page";
    this.others.replaceChildren(`${others.length} more ${many ? "photos were" : "photo was"} looked at by another model than this one: `, ...links, others.length > NAMED ? " and more" : "",
      `. To put this one together with ${many ? "them" : "it"}, first choose “Look again” on ${where}.`);
  }

  async find() {
    const { store_id: store } = this.shelf;
    const query = new URLSearchParams({ limit: AT_ONCE, ...(store ? { store } : {}), ...(this.cursor ? { cursor: this.cursor } : {}) });
    this.more.hidden = true;
    this.told.textContent = "Looking for photos…";
    try {
      const { body } = await api("GET", `/api/v1/shelf?${query}`);
      this.cursor = body.next;
      this.found.push(...body.items);
      const family = familyOf(this.shelf, this.found);
      // An older photo can be what a choice that is shown already was made from.
      for (const shown of [...this.list.children]) if (family.has(Number(shown.dataset.shelf))) shown.remove();
      const alike = ({ model }) => model === this.shelf.model;
      this.list.append(...body.items.filter((one) => this.fits(one, family) && alike(one)).map((one) => this.choice(one)));
      this.tellOthers(this.found.filter((one) => this.fits(one, family) && !alike(one)));
      this.told.textContent = this.list.children.length ? "" : this.cursor ? "None of the latest photos fits." : "There is no other photo that fits. Take one that shows the rest of this shelf, and a third of what is here.";
      this.more.hidden = !this.cursor;
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      this.told.textContent = wordsOf(error);
    }
  }

  choice(other) {
    const image = el("img", { class: "shelf-join-photo", src: `/api/v1/photos/${other.photo}?size=thumb`, alt: "", loading: "lazy", width: 96, height: 72 });
    const button = el("button", { type: "button", class: "choice", onclick: () => this.join(other, button) }, image,
      el("span", { class: "choice-name" }, this.places.get(other.location_id) || `Shelf photo ${other.id}`,
        el("span", { class: "muted" }, `${this.time.format(new Date(other.at))} · ${other.user}`)));
    return el("li", { "data-shelf": other.id }, button);
  }

  async join(other, button) {
    if (this.dialog.querySelector("[aria-busy]")) return;
    button.setAttribute("aria-busy", "true");
    this.trouble.hidden = true;
    try {
      const { body } = await api("POST", "/api/v1/shelf/join", { body: { ids: [this.shelf.id, other.id] }, key: newKey(), timeout: 300000 });
      location.assign(`/shelf/${body.id}`);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      this.refused(error, other);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  refused(error, other) {
    const photos = [this.shelf, other].flatMap(({ id }, place) => [place ? " and " : "", el("a", { href: `/shelf/${id}` }, `shelf photo ${id}`)]);
    const names = new Map([[this.shelf.id, "this photo"], [other.id, "the photo that you chose"]]);
    const words = error instanceof OfflineError ? "No connection: the photos can be put together when it is back." : calling(wordsOf(error), names);
    this.trouble.replaceChildren(el("span", {}, `${words} Both stay as they are: `, photos, "."));
    this.trouble.hidden = false;
    this.trouble.scrollIntoView({ block: "nearest" });
  }
}
