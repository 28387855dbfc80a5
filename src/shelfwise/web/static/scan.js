// The Scan page: photos in, answers out, and all that was chosen booked at once.
import { ApiError, OfflineError, api, meta, newKey, serverTime, wordsOf } from "/static/api.js";
import { el, flash, icon, keepStarting, quantityOf, quantityTrouble, tellWaiting, tidy } from "/static/app.js";
import { Picker } from "/static/picker.js";
import { cameraAllowed, setUpCamera } from "/static/scan/camera.js";
import { card, judgement, suggested, verdictOf, withProduct } from "/static/scan/cards.js";
import { askToStay, dropPhoto, jobsOf, keepJob, keepPhoto, photosOf } from "/static/scan/kept.js";
import { photoOf, picturesIn } from "/static/scan/photos.js";
import { Queue } from "/static/scan/queue.js";
import { isFinal, whyNotKept } from "/static/sender.js";

const owner = meta("user");
const store = Number(meta("store"));
const DID = { received: "received", counted: "counted", sold: "sold", wasted: "wasted" };
const at = (name) => document.getElementById(name);
const list = at("scan-list");
const form = at("scan-what");
const photos = new Map(); // by id, in the order of taking
const urls = new Map();
const queue = new Queue(owner);
const picker = new Picker(at("picker"));
const ASKED_AT_ONCE = 200; // answers, the most that the server tells
let asking = null; // what was said of answers elsewhere
let waiting = []; // bookings not sent yet
let elsewhere = 0; // photos of other stores
let moved = false; // whether how many answers wait for Review may have changed

const kind = () => form.elements.kind.value;
const place = () => Number(form.elements.place.value);
const isChosen = (photo) => Boolean(photo.product) && !photo.check;
const isReady = (photo) => isChosen(photo) && !quantityTrouble(photo.quantity, kind());

// -- what is shown

function numberOf(id) {
  return [...photos.keys()].indexOf(id) + 1;
}

function urlOf(photo) {
  if (!urls.has(photo.id)) urls.set(photo.id, URL.createObjectURL(photo.blob));
  return urls.get(photo.id);
}

function show(photo) {
  const made = card(photo, numberOf(photo.id), urlOf(photo), queue.offline, act);
  const old = list.querySelector(`[data-id="${photo.id}"]`);
  if (!old) return list.append(made);
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  const label = held?.getAttribute("aria-label");
  old.replaceWith(made);
  if (held) (made.querySelector(label ? `[aria-label="${CSS.escape(label)}"]` : "input:checked") || made.querySelector("input, button")).focus();
}

function showAll() {
  list.replaceChildren();
  for (const photo of photos.values()) show(photo);
  summary();
}

function words(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

function summary() {
  const all = [...photos.values()];
  const ready = all.filter(isReady);
  const answered = all.filter((photo) => photo.state === "answered");
  const check = answered.filter((photo) => photo.product && photo.check).length;
  const open = answered.filter((photo) => !photo.product).length;
  const wrong = answered.filter((photo) => isChosen(photo) && !isReady(photo)).length;
  const looking = all.filter((photo) => photo.state === "new").length;
  const parts = [];
  if (ready.length) parts.push(`${ready.length} ready`);
  if (check) parts.push(`${check} to check`);
  if (open) parts.push(`${open} to choose`);
  if (wrong) parts.push(`${words(wrong, "quantity", "quantities")} to correct`);
  if (looking) parts.push(queue.offline ? words(looking, "photo waits", "photos wait") + " for the connection" : `${looking} being looked at`);
  at("scan-sum").textContent = parts.join(" · ");
  const book = at("scan-book");
  book.disabled = !ready.length;
  book.textContent = ready.length ? `Book ${ready.length} as ${DID[kind()]}` : "Nothing to book yet";
  at("scan-bar").hidden = !all.length;
  at("scan-first").hidden = !("first" in list.dataset && open);
  at("scan-empty").hidden = all.length > 0;
  state();
}

function state() {
  const said = [];
  if (queue.trouble) said.push(`The server takes nothing just now: ${queue.trouble}`);
  else if (queue.offline) said.push("No connection. Photos and bookings are kept here and sent as soon as it is back.");
  const loud = waiting.filter((job) => !job.quiet);
  if (loud.length) said.push(`Not sent yet: ${loud.map((job) => job.label).join("; ")}.`);
  if (elsewhere) said.push(`${words(elsewhere, "photo")} of another store${document.getElementById("store-chooser") ? ": choose it at the top of the page" : ", which you may not see now"}.`);
  const place_ = at("scan-state");
  const text = said.join(" ");
  if (place_.textContent !== text) place_.textContent = text;
  place_.hidden = !text;
}

// -- what people do

const act = {
  kind,
  makes: () => Boolean(picker.form), // whether one may make products
  async pick(id, product) {
    const changed = alter(id, { product: { id: product.id, name: product.name, category: product.category }, check: false, chosen: true, error: "" });
    show(photos.get(id));
    await changed;
  },
  async confirm(id) {
    const changed = alter(id, { check: false, chosen: true, error: "" });
    show(photos.get(id));
    await changed;
  },
  async choose(id, wanted) {
    const product = await picker.choose(wanted);
    if (!product || !photos.has(id)) return;
    if (product.made) delete list.dataset.first;
    // Made of a guess, it is what the guess said, also where it was given no category of its own.
    await act.pick(id, product.made && wanted.name && !product.category ? { ...product, category: wanted.category } : product);
    if (product.made) await alike(photos.get(id), product, wanted);
    list.querySelector(`[data-id="${id}"] input:checked`)?.focus();
  },
  async amount(id, quantity) {
    await alter(id, { quantity });
  },
  async remove(id) {
    const card_ = list.querySelector(`[data-id="${id}"]`);
    const next = card_?.nextElementSibling || card_?.previousElementSibling;
    await forget([id]);
    showAll();
    (next && list.querySelector(`[data-id="${next.dataset.id}"] button`) || at("scan-choose")).focus();
  },
};

async function alter(id, changes) {
  const photo = { ...photos.get(id), ...changes };
  photos.set(id, photo);
  summary();
  await keepPhoto(photo);
}

/** A product was made of one photo's guess: it takes the guess's place, and is proposed for what seems to show the same.
 * A sister of other products is one more choice, and proposed for nothing. */
async function alike(from, product, { category, sister }) {
  for (const photo of [...photos.values()]) {
    const answer = withProduct(photo, category, product);
    const same = photo.answer?.answer === "accept" && from.answer.answer === "accept" && photo.answer.category === from.answer.category;
    const proposed = !photo.product && same && !sister && photo.answer.confidence >= 0.5 ? { product: { id: product.id, name: product.name, category: product.category }, check: true } : {};
    if (!answer && !proposed.product) continue;
    await alter(photo.id, { ...proposed, answer: answer || photo.answer });
    show(photos.get(photo.id));
  }
}

/** Mark photos whose answers have been judged on another page meanwhile. */
function askForVerdicts() {
  asking ??= verdicts().finally(() => (asking = null));
  return asking;
}

async function verdicts() {
  const open = [...photos.values()].filter((photo) => photo.answer?.id && !photo.judged);
  for (let start = 0; start < open.length; start += ASKED_AT_ONCE) {
    const part = open.slice(start, start + ASKED_AT_ONCE);
    let told;
    try {
      const ids = new URLSearchParams(part.map((photo) => ["ids", photo.answer.id]));
      told = (await api("GET", `/api/v1/review/answers?${ids}`)).body.items;
    } catch (error) {
      // Whatever it was, it is asked again when somebody comes back to the page.
      if (error instanceof OfflineError || error instanceof ApiError) return;
      throw error;
    }
    const said = new Map(told.map((answer) => [answer.id, judgement(answer)]));
    for (const { id, answer } of part) {
      const now = said.get(answer.id);
      const photo = photos.get(id);
      if (!now || !photo) continue;
      await alter(id, photo.chosen ? { judged: now.judged } : now);
      show(photos.get(id));
    }
  }
}

async function forget(ids) {
  for (const id of ids) {
    photos.delete(id);
    if (urls.has(id)) URL.revokeObjectURL(urls.get(id));
    urls.delete(id);
    await dropPhoto(id);
  }
}

async function take(files) {
  if (!files.length) return;
  askToStay();
  for (const file of files) {
    const photo = await photoOf(file, owner, store);
    try {
      await keepPhoto(photo);
    } catch (error) {
      flash(whyNotKept(error, "This device has no room for more photos. Book or remove some first."), "bad");
      break;
    }
    photos.set(photo.id, photo);
    show(photo);
    summary();
  }
  queue.start();
}

function linesOf(ready) {
  const when = queue.offline ? { at: serverTime().toISOString() } : {};
  const lines = [];
  for (const photo of ready) {
    const quantity = quantityOf(photo.quantity);
    // A count says what is there: several photos of a product are one count of all of it.
    const same = kind() === "counted" && lines.find((line) => line.product_id === photo.product.id);
    if (same) same.quantity = (Number(same.quantity) + Number(quantity)).toFixed(3);
    else lines.push({ kind: kind(), product_id: photo.product.id, location_id: place(), quantity, answer_id: photo.answer.id, ...when });
  }
  return lines;
}

async function book() {
  const ready = [...photos.values()].filter(isReady);
  if (!ready.length) return;
  const lines = linesOf(ready);
  const job = {
    id: newKey(), owner, store, made: Date.now(), method: "POST", path: "/api/v1/movements", body: { lines },
    label: `${words(new Set(lines.map((line) => line.product_id)).size, "product")} ${DID[kind()]}`, photos: ready.map((photo) => photo.id), verdicts: ready.map(verdictOf).filter(Boolean),
    shown: lines.map((line) => ({ id: line.product_id, name: ready.find((one) => one.product.id === line.product_id).product.name, quantity: line.quantity })),
    kind: kind(),
  };
  await keepJob(job, ready);
  for (const photo of ready) photos.delete(photo.id);
  waiting.push(job);
  showAll();
  if (queue.offline) flash(`Kept: ${job.label}. It is booked as soon as the connection is back.`, "info");
  queue.start();
  (list.querySelector("input, button") || at("scan-choose")).focus();
}

// -- what the server says

queue.addEventListener("photo", async ({ detail: photo }) => {
  moved = true;
  if (!photos.has(photo.id)) return;
  const changed = { ...photos.get(photo.id), state: photo.state, answer: photo.answer, error: photo.error };
  photos.set(photo.id, withSuggestion(changed));
  show(photos.get(photo.id));
  summary();
  await keepPhoto(photos.get(photo.id));
});

queue.addEventListener("booked", async ({ detail: { job, reply } }) => {
  moved = true;
  waiting = waiting.filter((one) => one.id !== job.id);
  state();
  if (job.quiet || !job.shown) return;
  flash(`Booked: ${job.label}.`);
  const line = el("span", {}, sums(job.shown));
  const item = el("li", {}, line, el("span", { class: "badge" }, DID[job.kind]));
  item.append(undoButton(job, reply.movements, item, line));
  at("scan-done").hidden = false;
  at("scan-done-list").prepend(item);
  const levels = await Promise.all([...new Set(job.shown.map((one) => one.id))].slice(0, 10).map((id) => levelOf(id, job.store)));
  const told = levels.filter(Boolean).map((one) => `${one.name}: ${tidy(one.quantity)}`);
  if (told.length && line.isConnected && !line.querySelector("s")) line.append(el("span", { class: "muted" }, ` – now in stock: ${told.join(", ")}`));
});

/** What was booked, in words: each product once, with all of it. */
function sums(shown) {
  const all = new Map();
  for (const { id, name, quantity } of shown) all.set(id, { name, quantity: (all.get(id)?.quantity || 0) + Number(quantity) });
  return [...all.values()].map((one) => `${tidy(one.quantity.toFixed(3))} × ${one.name}`).join(", ");
}

/** Takes a booking back, movement by movement; what could not be is told, and can be tried again. Nothing is undone twice. */
function undoButton(job, movements, item, line) {
  // Each line of Scan makes one movement.
  let left = movements.map(({ id }, place) => ({ id, shown: job.shown[place] }));
  const undone = [];
  const texts = (some) => sums(some.map((one) => one.shown));
  const undo = async (event) => {
    const button = event.currentTarget;
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const { failed, why } = await undoAll(left, job, undone);
    button.removeAttribute("aria-busy");
    left = failed;
    const struck = el("s", { class: "muted" }, texts(undone));
    if (!left.length) {
      item.replaceChildren(struck, el("span", { class: "badge end" }, "undone"));
      flash(`Undone: ${job.label}.`);
      return;
    }
    if (undone.length) line.replaceChildren(struck, el("span", { class: "muted" }, " undone"), `, ${texts(left)}`);
    button.setAttribute("aria-label", `Undo: ${texts(left)}`);
    flash(`${undone.length ? `Undone: ${texts(undone)}. ` : ""}Not undone: ${texts(left)}. ${why}`, "bad");
  };
  return el("button", { type: "button", class: "button small end", onclick: undo, "aria-label": `Undo: ${job.label}` }, icon("undo"), "Undo");
}

/** Undoes what it can, and puts that into `undone`; gives the rest, and why the first of it could not be. */
async function undoAll(movements, job, undone) {
  const failed = [];
  let why = "";
  for (const [place, one] of movements.entries()) {
    try {
      await api("POST", `/api/v1/movements/${one.id}/undo`, { body: {}, key: `undo-${job.id}-${one.id}` });
      undone.push(one);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      why ||= wordsOf(error);
      failed.push(one);
      if (isFinal(error)) continue;
      failed.push(...movements.slice(place + 1)); // they would fail the same way
      break;
    }
  }
  return { failed, why };
}

async function levelOf(id, where) {
  try {
    const { body } = await api("GET", `/api/v1/stock/products/${id}?store=${where}`);
    return { name: body.product.name, quantity: body.quantity };
  } catch (error) {
    if (error instanceof ApiError || error instanceof OfflineError) return null;
    throw error;
  }
}

queue.addEventListener("refused", async ({ detail: { job, error } }) => {
  waiting = waiting.filter((one) => one.id !== job.id);
  if (job.quiet) return state(); // what was said of an answer: it may have been judged by somebody else
  await load();
  for (const { field, message } of error.errors) {
    const line = job.body.lines[Number(/^lines\.(\d+)/.exec(field || "")?.[1])];
    const photo = [...photos.values()].find((one) => one.answer?.id === line?.answer_id);
    if (photo) await alter(photo.id, { error: message });
  }
  showAll();
  flash(`Not booked: ${wordsOf(error)}`, "bad");
});

let lastOffline = queue.offline;
queue.addEventListener("state", () => {
  if (queue.offline !== lastOffline) {
    lastOffline = queue.offline;
    for (const photo of photos.values()) if (photo.state === "new") show(photo);
  }
  // All that could be sent is sent now, also what the bookings say of answers.
  if (moved && !queue.offline) tellWaiting();
  moved = moved && queue.offline;
  summary();
});

// -- the page

/** The photo, with what its answer suggests where nobody has chosen anything yet. */
function withSuggestion(photo) {
  return photo.product || photo.judged ? photo : { ...photo, ...suggested(photo.answer) };
}

async function load() {
  const kept = await photosOf(owner);
  waiting = await jobsOf(owner);
  elsewhere = kept.filter((photo) => !photo.job && photo.store !== store).length;
  photos.clear();
  for (const photo of kept) {
    if (photo.job || photo.store !== store) continue;
    photos.set(photo.id, withSuggestion(photo)); // it may have been answered while the page was closing
  }
}

function remember() {
  const key = `shelfwise.scan.${store}`;
  const kept = JSON.parse(localStorage.getItem(key) || "{}");
  // What was chosen before this script ran is newer than what was kept.
  if (kept.kind && [...form.elements.kind].every((one) => one.checked === one.defaultChecked)) form.elements.kind.value = kept.kind;
  if (!form.elements.place.selectedIndex && [...form.elements.place.options].some((one) => one.value === kept.place)) form.elements.place.value = kept.place;
  form.addEventListener("change", () => {
    localStorage.setItem(key, JSON.stringify({ kind: kind(), place: form.elements.place.value }));
    showAll(); // what a quantity may be depends on what happened
  });
}

function setUpIntake() {
  for (const input of [at("scan-camera"), at("scan-choose")]) {
    const chosen = () => {
      const files = [...input.files];
      input.value = "";
      take(files);
    };
    input.addEventListener("change", chosen);
    if (input.files.length) chosen(); // somebody was quicker than this script
    // It looks like a button, so Enter works too, not only the space bar.
    input.addEventListener("keydown", (event) => event.key === "Enter" && input.click());
  }
  const zone = at("scan-drop");
  const over = (on) => zone.classList.toggle("over", on);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || over(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    take(picturesIn(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => take(picturesIn(event.clipboardData)));
  if (cameraAllowed()) setUpCamera(at("camera"), at("scan-live"), (file) => take([file]));
  at("scan-book").addEventListener("click", book);
}

const started = keepStarting(); // what is kept on the device comes after a moment
form.addEventListener("submit", (event) => event.preventDefault());
remember();
try {
  await load();
} catch {
  flash("This browser keeps nothing in this window, so photos cannot wait here: open Scan in a normal window.", "bad");
}
showAll();
setUpIntake();
started();
queue.start();
askForVerdicts();
document.addEventListener("visibilitychange", () => document.hidden || askForVerdicts());
