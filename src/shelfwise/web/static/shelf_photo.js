// One shelf photo: its boxes over it, what they are, and booking their counts.
import { ApiError, OfflineError, api, newKey, wordsOf } from "/static/api.js";
import { confirmed, el, flash, keepStarting } from "/static/app.js";
import { Picker } from "/static/picker.js";
import { isFinal } from "/static/sender.js";
import { LookingAgain } from "/static/shelf/again.js";
import { Booking } from "/static/shelf/booking.js";
import { Joining } from "/static/shelf/joining.js";
import { fillCounts, fillGaps, fillPlan, fillRows } from "/static/shelf/lists.js";
import { Shelf } from "/static/shelf/model.js";
import { goOnJoining } from "/static/shelf/pair.js";
import { fillPanel } from "/static/shelf/panel.js";
import { Saving } from "/static/shelf/saving.js";
import { bringDown, bringUp } from "/static/shelf/sight.js";
import { Undo } from "/static/shelf/undo.js";
import { View } from "/static/shelf/view.js";
import { fillBar, lookingWords } from "/static/shelf/words.js";

const started = keepStarting();
const at = (name) => document.getElementById(name);
const work = at("shelf-work");
const { id, photo, width, height, model } = work.dataset;
const PAUSE = 1000;
const RECENT = 5;

const shelf = new Shelf();
const saving = new Saving(id);
const view = new View(at("shelf-view"), Number(width), Number(height), `/api/v1/photos/${photo}`);
const picker = new Picker(at("picker"));
const booking = new Booking(at("shelf-take"), saving.path, () => load({ anew: true }));
const joining = new Joining(at("shelf-join"), model);
const again = new LookingAgain(at("shelf-again"), model, (button) => {
  again.begin(shelf);
  return lookAgain(button);
});
const tools = Object.fromEntries([...document.querySelectorAll("[data-tool]")].map((button) => [button.dataset.tool, button]));
const undone = new Undo(id);
const picked = []; // products that were chosen on this page, the last one first
let chosen = null;
let wide = false;
let changed = false; // whether anything was, since the page was loaded

// -- what is shown

function show() {
  const ready = shelf.body?.state === "done";
  at("shelf-bar").hidden = !ready;
  if (!ready) return;
  const box = chosen && shelf.box(chosen);
  if (!box || box.removed) chosen = null;
  draw();
  fillCounts(at("shelf-counts"), shelf, act);
  fillRows(at("shelf-rows"), shelf, chosen, act);
  fillGaps(at("shelf-gaps"), shelf, act);
  fillPlan(at("shelf-plan"), shelf);
  again.show(shelf);
  showPanel();
  summary();
}

function draw() {
  view.show(shelf.boxes.map((box) => ({ key: box.key, box: box.box, answer: box.answer, colour: shelf.colour(box), chosen: box.key === chosen })), shelf.body.rows, shelf.body.gaps || []);
}

function showPanel() {
  const panel = at("shelf-panel");
  if (!chosen) {
    panel.hidden = true;
    view.corners.show(null);
    return;
  }
  const focused = panel.contains(document.activeElement);
  fillPanel(panel, shelf, shelf.box(chosen), view.image, act);
  if (view.corners.shown && !view.corners.moved) view.corners.show(shelf.box(chosen).box);
  if (focused) panel.querySelector("h2").focus({ preventScroll: true });
}

function summary() {
  const { facings, asked, products } = shelf.body.counts;
  const open = shelf.boxes.filter((box) => shelf.open(box)).length;
  const parts = [`${facings} ${facings === 1 ? "facing" : "facings"}`, `${products.length} ${products.length === 1 ? "product" : "products"}`];
  if (open) parts.push(`${open} to check`);
  else if (asked) parts.push(`${asked} to check`);
  const left = shelf.boxes.filter((box) => shelf.unbooked(box)).length;
  if (left) parts.push(`choose the product of ${left} ${left === 1 ? "facing to book it" : "facings to book them"}`);
  if (shelf.body.booking_id) parts.push("booked");
  at("shelf-sum").textContent = parts.join(" · ");
  mayBook();
  at("shelf-next").hidden = !open && !left;
  tools.undo.disabled = !undone.possible;
  tools.undo.title = undone.possible ? "Undo (Ctrl+Z)" : "Nothing was changed in this tab";
}

/** Nothing can be booked where no product is sure, nor while something is on its way. */
function mayBook() {
  const { products, categories } = shelf.body.counts;
  at("shelf-book").disabled = saving.waiting.length > 0 || !(products.length || categories.some(({ product }) => product));
}

function state() {
  const told = at("shelf-state");
  const waiting = saving.waiting.length;
  const text = saving.offline
    ? `No connection. ${waiting === 1 ? "1 change is" : `${waiting} changes are`} kept here and saved as soon as it is back.`
    : saving.trouble && waiting ? `The server takes nothing just now: ${saving.trouble}` : "";
  if (told.textContent !== text) told.textContent = text;
  told.hidden = !text;
  at("shelf-saved").textContent = waiting ? "Saving…" : changed ? "Saved" : "";
  if (shelf.body?.state === "done") mayBook();
}

// -- what people do

/** Change boxes: here at once, on the server as soon as it can be reached. */
function change(changes, { undo = true } = {}) {
  const back = shelf.apply(changes);
  if (undo) undone.push(back);
  changed = true;
  saving.add(changes);
  show();
}

function pick(key, { reveal = true, focus = false, up = true } = {}) {
  if (key !== chosen) view.corners.show(null);
  chosen = key;
  if (key && reveal) view.reveal(shelf.box(key).box);
  draw();
  for (const chip of at("shelf-rows").querySelectorAll("[data-key]")) {
    if (chip.dataset.key === key) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
  }
  showPanel();
  if (key && focus) at("shelf-panel-title").focus({ preventScroll: true });
  if (up) seePanel();
}

/** Bring what the chosen box is into sight: on a small screen it stands below the photo. */
function seePanel() {
  const box = chosen && shelf.box(chosen);
  if (!box) return;
  if (beside()) at("shelf-panel").parentElement.scrollTop = 0;
  else bringUp(at("shelf-panel"), view.onScreen(box.box));
}

/** Whether what a box is stands beside the photo, not below it. */
function beside() {
  return matchMedia("(min-width: 70.01rem)").matches;
}

/** Products that were chosen here just now, then those of this photo. */
function recent() {
  const seen = [...picked, ...shelf.body.counts.products.map(({ product, category }) => ({ ...product, category }))];
  return seen.filter(({ id: number }, place) => seen.findIndex((one) => one.id === number) === place).slice(0, RECENT);
}

const act = {
  wide: () => wide,
  setWide: (on) => (wide = on),
  edging: () => view.corners.shown,
  pick: (key) => pick(key, { focus: true }),
  close() {
    pick(null);
    view.root.focus({ preventScroll: true });
  },
  /** Say what the chosen box is, and with `wide` those beside it as well. */
  name(said) {
    // The others look the same; what the model said of them may be something else.
    const others = said.verdict === "confirmed" ? shelf.nameFrom(chosen) : said;
    const more = wide ? shelf.meant(chosen).map((key) => ({ key, verdict: "corrected", ...others })) : [];
    change([{ key: chosen, verdict: "corrected", ...said }, ...more]);
    at("shelf-panel-title")?.focus({ preventScroll: true });
  },
  /** Give those beside the chosen box that look the same, and that nobody has named, its name. */
  spread() {
    change(shelf.unnamed(chosen).map((key) => ({ key, verdict: "corrected", ...shelf.nameFrom(chosen) })));
    at("shelf-panel-title")?.focus({ preventScroll: true });
  },
  async choose(wanted) {
    const key = chosen;
    const product = await picker.choose({ ...wanted, first: recent() });
    if (product && shelf.box(key)) {
      picked.unshift(product);
      chosen = key;
      act.name({ product: { id: product.id, name: product.name, category: product.category } });
    }
  },
  remove() {
    const order = shelf.boxes.map((box) => box.key);
    const next = order[order.indexOf(chosen) + 1];
    change([{ key: chosen, removed: true }]);
    if (next) pick(next, { focus: true });
    else view.root.focus({ preventScroll: true });
  },
  /** Put back a box that was taken away, however long ago. */
  back(key) {
    change([{ key, removed: false }]);
    pick(key, { focus: true });
  },
  edges() {
    if (view.corners.shown) view.corners.show(null);
    else editEdges();
    showPanel();
  },
  next(answer) {
    const checked = shelf.boxes.filter((box) => (answer ? box.answer === answer : shelf.open(box)));
    // Once all are checked, those whose product has to be chosen to book them.
    const open = checked.length || answer ? checked : shelf.boxes.filter((box) => shelf.unbooked(box));
    const order = shelf.boxes.map((box) => box.key);
    const from = order.indexOf(chosen);
    const next = open.find((box) => order.indexOf(box.key) > from) || open[0];
    if (!next) return;
    if (beside()) view.root.scrollIntoView({ block: "nearest" });
    pick(next.key, { focus: true });
  },
  reveal(box) {
    view.reveal(box, true);
    bringDown(view.root);
  },
};

function editEdges() {
  const { box } = shelf.box(chosen);
  view.root.scrollIntoView({ block: "nearest" });
  view.reveal(box, true);
  view.corners.show(box);
  view.corners.focus();
}

function go(by) {
  const order = shelf.boxes.map((box) => box.key);
  if (!order.length) return;
  const from = order.indexOf(chosen);
  pick(order[(from + by + order.length) % order.length] ?? order[0]);
}

function adding(on) {
  view.add(on);
  tools.add.setAttribute("aria-pressed", String(on));
  if (on) view.root.focus({ preventScroll: true });
}

/** A new box: drawn, or for those who use keys one in the middle of what is in sight, to be moved by its corners. */
function addBox(box) {
  const key = `n${newKey().slice(0, 12)}`;
  adding(false);
  change([{ key, box: box.map((edge) => Math.round(edge)) }]);
  pick(key, { reveal: false });
}

function addInTheMiddle() {
  const [left, top, right, bottom] = view.seen();
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const sizes = shelf.boxes.map(({ box }) => [box[2] - box[0], box[3] - box[1]]).sort((a, b) => a[0] * a[1] - b[0] * b[1]);
  const [w, h] = sizes[Math.floor(sizes.length / 2)] || [(right - left) / 6, (bottom - top) / 4];
  addBox([Math.max(0, x - w / 2), Math.max(0, y - h / 2), Math.min(view.width, x + w / 2), Math.min(view.height, y + h / 2)]);
  editEdges();
  showPanel();
}

function undo() {
  const back = undone.pop();
  if (!back) return;
  change(back, { undo: false });
  const there = back.find((one) => one.removed === false);
  if (there) pick(there.key, { up: false });
}

const KEYS = {
  "+": () => view.step(1), "=": () => view.step(1), "-": () => view.step(-1), "−": () => view.step(-1), 0: () => view.fit(),
  n: () => go(1), N: () => go(1), p: () => go(-1), P: () => go(-1), a: () => adding(!view.adding), A: () => adding(!view.adding),
  Delete: () => chosen && act.remove(), Backspace: () => chosen && act.remove(),
  Enter: () => (view.adding ? addInTheMiddle() : at("shelf-panel-title")?.focus()),
  Escape: () => (view.adding ? adding(false) : act.close()),
  ArrowLeft: () => view.pan(60, 0), ArrowRight: () => view.pan(-60, 0), ArrowUp: () => view.pan(0, 60), ArrowDown: () => view.pan(0, -60),
};

view.root.addEventListener("keydown", (event) => {
  if (event.target !== view.root || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.closest("input, dialog")) {
    event.preventDefault();
    undo();
  } else if (event.key === "Escape" && event.target.closest("#shelf-panel")) act.close();
});
view.addEventListener("pick", ({ detail: key }) => pick(key, { reveal: false, up: false }));
view.addEventListener("tapped", seePanel);
view.addEventListener("draw", ({ detail: box }) => addBox(box));
view.addEventListener("move", ({ detail: { box, done } }) => {
  if (done) return change([{ key: chosen, box }]);
  const there = shelf.box(chosen);
  const before = there.box;
  there.box = box;
  draw();
  there.box = before;
});
tools.in.addEventListener("click", () => view.step(1));
tools.out.addEventListener("click", () => view.step(-1));
tools.fit.addEventListener("click", () => view.fit());
tools.add.addEventListener("click", (event) => {
  adding(!view.adding);
  // Pressed by a key: who does not point cannot draw.
  if (view.adding && event.detail === 0) addInTheMiddle();
});
tools.undo.addEventListener("click", undo);
at("shelf-next").addEventListener("click", () => act.next());
at("shelf-book").addEventListener("click", () => booking.open());
at("shelf-join-open").addEventListener("click", () => joining.open(shelf.body));

/** What stands here now is what should stand here. */
async function keepPlan({ currentTarget: button }) {
  const path = `/api/v1/locations/${button.dataset.place}/planogram`;
  button.setAttribute("aria-busy", "true");
  try {
    const { body } = await api("GET", `${saving.path}/planogram`);
    const left = body.left_out;
    const questions = [
      left ? `${left} of ${body.facings + left} facings ${left === 1 ? "is not named and is" : "are not named and are"} left out of the planogram.` : "",
      shelf.body.comparison ? "This place has a planogram. Put this shelf in its place?" : "Keep what is named?",
    ];
    const ask = left || shelf.body.comparison;
    if (ask && !(await confirmed(questions.filter(Boolean).join(" "), shelf.body.comparison ? "Yes, this shelf" : "Yes, what is named"))) return;
    const given = ({ product, facings, category, gtin }) => Object.fromEntries(Object.entries({ product, facings, category, gtin }).filter(([, value]) => value !== null));
    await api("PUT", path, { body: { rows: body.rows.map((row) => row.map(given)) } });
    flash("Kept: photos of this place are compared with it from now on.");
    await load({ anew: true });
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    flash(wordsOf(error), "bad");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

at("shelf-plan-keep")?.addEventListener("click", keepPlan);

// -- what the server says

saving.addEventListener("state", state);
saving.addEventListener("saved", ({ detail: body }) => {
  shelf.take(body, saving.waiting);
  show();
  state();
});
saving.addEventListener("refused", ({ detail: reason }) => {
  undone.clear();
  flash(`Not saved: ${reason}`, "bad");
});

function waiting({ progress, state: now, problem }) {
  const place = at("shelf-progress");
  place.hidden = now === "done";
  work.querySelectorAll(".shelf-side, .shelf-rows").forEach((part) => (part.hidden = now !== "done"));
  const bar = place.querySelector("progress");
  const words = place.querySelector("p");
  bar.hidden = now === "failed";
  if (now === "failed") return words.replaceChildren(`The products could not be found: ${problem}. `, el("button", { type: "button", class: "button small", onclick: (event) => lookAgain(event.currentTarget) }, "Look again"), " ", el("a", { href: "/shelf" }, "Take another photo"));
  fillBar(bar, progress);
  const text = lookingWords(progress);
  if (words.textContent !== text) words.textContent = text;
}

/** What was in the way may be mended by now, or more be known. */
async function lookAgain(button) {
  button.setAttribute("aria-busy", "true");
  try {
    await api("POST", `${saving.path}/look`);
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    flash(wordsOf(error), "bad");
    again.stop();
  }
  button.removeAttribute("aria-busy");
  await load();
}

let timer = 0;
let trouble = ""; // why the last question was not answered

/** Ask once more in a while: once, however many have asked meanwhile. */
function askLater(pause) {
  clearTimeout(timer);
  timer = setTimeout(load, pause);
}

/** Ask what is there. anew: it is another thing by what was done here, and is shown in any case. */
async function load({ anew = false } = {}) {
  try {
    const body = await saving.read();
    trouble = "";
    waiting(body);
    // While it is looked at once more, what somebody works on stays as it is.
    if (anew || !body.progress || shelf.body?.state !== "done") {
      shelf.take(body, body.state === "done" ? saving.waiting : []);
      show();
    }
    if (body.state === "done") again.follow(shelf, body);
    if (body.state === "waiting" || body.progress) askLater(PAUSE);
    if (body.state !== "waiting") saving.start();
    state();
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    // Told once: it may be put away, and asked many times.
    if (trouble !== wordsOf(error)) flash(wordsOf(error), "bad");
    trouble = wordsOf(error);
    if (!isFinal(error)) askLater(Math.max(5 * PAUSE, (error.retryAfter || 0) * 1000));
  }
}

load().finally(started);
goOnJoining(at("shelf-together"), Number(id));
