// The Shelf page: photos of shelves are kept here until the server has them; then theirs is the page to go to.
import { meta, newKey } from "/static/api.js";
import { answered, el, flash, icon, keepStarting, localTimes } from "/static/app.js";
import { picturesIn } from "/static/scan/photos.js";
import { whyNotKept } from "/static/sender.js";
import { Queue } from "/static/shelf/queue.js";
import { fillBar, lookingWords } from "/static/shelf/words.js";

const started = keepStarting();
const at = (name) => document.getElementById(name);
const owner = meta("user");
const store = Number(meta("store"));
const MOST = 12;
const PAUSE = 3000;
const queue = new Queue(owner);

let shown = "";

function show() {
  const sets = queue.sets();
  const state = JSON.stringify([queue.offline, sets.map((set) => set.map(({ id, shelf, error }) => [id, shelf, error]))]);
  // What is focused there stays so.
  if (state !== shown) at("shelf-queue").replaceChildren(...sets.map(line));
  shown = state;
  at("shelf-sending").hidden = !sets.length;
  sets.forEach((set, place) => goOn(at("shelf-queue").children[place], set));
  const text = queue.offline && sets.length ? "No connection. The photos are kept here and sent as soon as it is back." : "";
  const told = at("shelf-state");
  if (told.textContent !== text) told.textContent = text;
  told.hidden = !text;
}

function line(set) {
  const names = set.map((one) => one.name).join(" + ");
  const error = set.find((one) => one.error)?.error;
  const sent = set.filter((one) => one.shelf);
  return el("li", { "data-set": set[0].set },
    el("span", { class: "recent" }, el("b", {}, names), el("span", { class: "muted", "data-far": error ? null : "" }, error || ""),
      error && sent.length ? el("span", {}, sent.length > 1 ? "There by themselves: " : "There by itself: ", sent.flatMap((one, place) => [place ? ", " : "", el("a", { href: `/shelf/${one.shelf}` }, one.name)])) : null),
    error || queue.offline ? null : el("progress", { class: "end", "aria-label": `How far ${names} is` }),
    error && !set.some((one) => one.final) ? el("button", { type: "button", class: "button small end", onclick: () => queue.retry(set) }, "Try again") : null,
    el("button", { type: "button", class: "icon-button end", "aria-label": `Remove ${names}`, onclick: () => remove(set) }, icon("close")));
}

/** Say how far a set is. */
function goOn(node, set) {
  const told = node.querySelector("[data-far]");
  if (!told) return;
  const text = words(set);
  if (told.textContent !== text) told.textContent = text;
  const bar = node.querySelector("progress");
  if (bar) fillBar(bar, queue.far?.set === set[0].set ? queue.far.progress : null);
}

function words(set) {
  if (queue.offline) return "Waits for the connection";
  const { step, photo, progress } = queue.far?.set === set[0].set ? queue.far : {};
  if (step === "send") return set.length > 1 ? `Being sent: ${photo.name}, ${photo.part + 1} of ${set.length}…` : "Being sent…";
  if (step === "look") return `Sent. ${photo.name}: ${lookingWords(progress)}`;
  if (step === "join") return "Sent and looked at. The photos are being put together…";
  return set.every((one) => one.shelf) ? "Sent. The photos are looked at, then put together." : "Waits for its turn";
}

async function remove(set) {
  await queue.remove(set);
  at("shelf-choose").focus();
}

async function take(files) {
  if (!files.length) return;
  if (files.length > MOST) return flash(`Choose ${MOST} photos at most.`, "bad");
  const shelves = files.length === 2 ? await answered("Are these two photos of one shelf, the left one first, that show a part of it twice? They are put together then, and nothing is counted twice.", { one: "One shelf", two: "Two shelves" }) : "two";
  if (!shelves) return;
  const added = Date.now();
  const set = newKey();
  const place = Number(at("shelf-place").value);
  const fresh = files.map((file, part) => ({ id: newKey(), owner, store, place, name: file.name || "photo.jpg", blob: file, added, set: shelves === "one" ? set : `${set}-${part}`, part, shelf: null, error: "", final: false }));
  try {
    await queue.add(fresh);
  } catch (error) {
    flash(whyNotKept(error, "This device has no room for more photos."), "bad");
  }
}

let later = 0;

/** Show the list of recent photos as it is by now, and go on as long as one of them is being looked at. */
async function showRecent() {
  clearTimeout(later);
  const reply = await fetch("/shelf", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (reply?.ok && !reply.redirected) {
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    fillRecent(document.importNode(page.getElementById("shelf-recent"), true));
  }
  if (at("shelf-recent").querySelector("[data-looking]")) later = setTimeout(showRecent, PAUSE);
}

function fillRecent(fresh) {
  const there = at("shelf-recent");
  const held = there.contains(document.activeElement) && document.activeElement.getAttribute("href");
  localTimes(fresh);
  // A photo that is there already is not loaded anew.
  for (const old of there.querySelectorAll("li > a")) fresh.querySelector(`li > a[href="${old.getAttribute("href")}"] img`)?.replaceWith(old.querySelector("img"));
  there.replaceWith(fresh);
  if (held) fresh.querySelector(`a[href="${held}"]`)?.focus({ preventScroll: true });
}

queue.addEventListener("state", show);
queue.addEventListener("trouble", ({ detail: reason }) => flash(reason, "bad"));
// Where nothing else waits, go to it: in the tab that it was taken in, or that somebody looks at.
queue.addEventListener("sent", ({ detail: { shelf, alone, own } }) => {
  if (alone && (own || !document.hidden)) location.assign(`/shelf/${shelf}`);
  else showRecent();
});
queue.addEventListener("elsewhere", () => showRecent());

for (const name of ["shelf-camera", "shelf-choose"]) {
  at(name).addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    await take(files);
  });
}
const drop = at("shelf-drop");
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(picturesIn(event.dataTransfer));
});

queue.read()
  .then(() => {
    queue.start();
  })
  .finally(started);
if (at("shelf-recent").querySelector("[data-looking]")) later = setTimeout(showRecent, PAUSE);
