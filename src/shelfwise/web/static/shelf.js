// The Shelf page: photos of shelves are kept here until the server has them; then theirs is the page to go to.
import { ApiError, OfflineError, api, meta, newKey, wordsOf } from "/static/api.js";
import { confirmed, el, flash, icon, keepStarting } from "/static/app.js";
import { picturesIn } from "/static/scan/photos.js";
import { isFinal } from "/static/scan/queue.js";
import { dropPhotos, keepPhotos, waitingPhotos } from "/static/shelf/kept.js";

const started = keepStarting();
const at = (name) => document.getElementById(name);
const owner = meta("user");
const store = Number(meta("store"));
const MOST = 12;
const FIRST_WAIT = 3000;
const LONGEST_WAIT = 60000;
let photos = [];
let running = null;
let offline = !navigator.onLine;
let wait = FIRST_WAIT;
let timer = 0;

function show() {
  const sets = Map.groupBy ? Map.groupBy(photos, (one) => one.set) : grouped();
  at("shelf-sending").hidden = !photos.length;
  at("shelf-queue").replaceChildren(...[...sets.values()].map((set) => el("li", { "data-set": set[0].set },
    el("span", { class: "recent" }, el("b", {}, set.map((one) => one.name).join(" + ")), el("span", { class: "muted" }, words(set))),
    set[0].error || offline ? null : el("progress", { class: "end", "aria-label": `Sending ${set[0].name}` }),
    el("button", { type: "button", class: "icon-button end", "aria-label": `Remove ${set[0].name}`, onclick: () => remove(set) }, icon("close")))));
  const text = offline && photos.length ? "No connection. The photos are kept here and sent as soon as it is back." : "";
  const told = at("shelf-state");
  if (told.textContent !== text) told.textContent = text;
  told.hidden = !text;
}

function grouped() {
  const sets = new Map();
  for (const one of photos) sets.set(one.set, [...(sets.get(one.set) || []), one]);
  return sets;
}

function words(set) {
  const error = set.find((one) => one.error)?.error;
  if (error) return error;
  if (offline) return "Waits for the connection";
  return set.every((one) => one.shelf) ? "Putting the photos together…" : "Being sent…";
}

async function remove(set) {
  await dropPhotos(set.map((one) => one.id));
  photos = photos.filter((one) => one.set !== set[0].set);
  show();
  at("shelf-choose").focus();
}

async function take(files) {
  if (!files.length) return;
  if (files.length > MOST) return flash(`Choose ${MOST} photos at most.`, "bad");
  const together = files.length === 2 && (await confirmed("Are these two photos of one shelf, the left one first, that show a part of it twice? They are put together then, and nothing is counted twice.", "Yes, one shelf"));
  const added = Date.now();
  const set = newKey();
  const place = Number(at("shelf-place").value);
  const fresh = files.map((file, part) => ({ id: newKey(), owner, store, place, name: file.name || "photo.jpg", blob: file, added, set: together ? set : `${set}-${part}`, part, shelf: null }));
  try {
    await keepPhotos(fresh);
  } catch {
    return flash("This device has no room for more photos.", "bad");
  }
  photos.push(...fresh);
  show();
  start();
}

function start() {
  running ??= loop().finally(() => (running = null));
  return running;
}

async function loop() {
  clearTimeout(timer);
  try {
    const sets = [...grouped().values()];
    for (const set of sets) if (!set.some((one) => one.error)) await sendSet(set, sets.length === 1);
    wait = FIRST_WAIT;
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    offline = error instanceof OfflineError;
    if (!offline) flash(wordsOf(error), "bad");
    show();
    timer = setTimeout(start, Math.max(wait, (error.retryAfter || 0) * 1000));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Send the photos of one shelf; where nothing else waits, go to it. */
async function sendSet(set, alone) {
  try {
    for (const photo of set) if (!photo.shelf) await send(photo);
    let shelf = set[0].shelf;
    if (set.length > 1) shelf = await joined(set);
    await dropPhotos(set.map((one) => one.id));
    photos = photos.filter((one) => one.set !== set[0].set);
    if (alone) location.assign(`/shelf/${shelf}`);
    else flash(`A photo is there: shelf photo ${shelf}. Load the page again to see it in the list.`);
  } catch (error) {
    if (!isFinal(error)) throw error;
    set[0].error = wordsOf(error);
  }
  offline = false;
  show();
}

async function send(photo) {
  const form = new FormData();
  form.append("photo", photo.blob, photo.name);
  const where = photo.place ? `&location=${photo.place}` : "";
  const { body } = await api("POST", `/api/v1/shelf?store=${photo.store}${where}&wait=0`, { body: form, key: photo.id, timeout: 300000 });
  photo.shelf = body.id;
  await keepPhotos([photo]);
}

/** Wait until both have been looked at, and put them together. */
async function joined(set) {
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
addEventListener("online", start);
addEventListener("offline", () => {
  offline = true;
  show();
});
document.addEventListener("visibilitychange", () => document.hidden || start());

waitingPhotos(owner)
  .then((kept) => {
    photos = kept.map((one) => ({ ...one, error: "" }));
    show();
    start();
  })
  .finally(started);
