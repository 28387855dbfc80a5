// What every page does: words that are told (flash), dialogs, menus, the store chooser, local times, steppers.

let startsLater = false;
const started = () => document.documentElement.removeAttribute("data-starting");

/** Keep the mark that the page is starting until the function that is given back is called. For a script that has to
 * wait for something before it is set up; it asks for this before it waits. */
export function keepStarting() {
  startsLater = true;
  return started;
}

const FLASH = "shelfwise.flash";
const STAYS = 12000;

/** Tell something in the page's own place for it; screen readers read it out. kind: "", "bad", "info" */
export function flash(text, kind = "") {
  const line = document.createElement("p");
  line.className = `flash ${kind}`;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-button";
  close.setAttribute("aria-label", "Close this message");
  close.append(icon("close"));
  close.addEventListener("click", () => line.remove());
  line.append(text, close);
  document.getElementById("flash").replaceChildren(line);
  // What went well need not be put away by hand.
  if (!kind) setTimeout(() => line.contains(document.activeElement) || line.remove(), STAYS);
}

/** Tell it on the page that comes next. */
export function flashNext(text, kind = "") {
  sessionStorage.setItem(FLASH, JSON.stringify({ text, kind }));
}

function flashKept() {
  const kept = sessionStorage.getItem(FLASH);
  if (!kept) return;
  sessionStorage.removeItem(FLASH);
  const { text, kind } = JSON.parse(kept);
  // A little later, so that a screen reader has met the live region before it changes.
  setTimeout(() => flash(text, kind), 100);
}

/** Ask a question in a dialog; true for yes. */
export async function confirmed(question, yes = "Yes") {
  return (await answered(question, { yes })) === "yes";
}

/** Ask a question that has several answers in a dialog; which one was chosen, or null. answers: texts, the likeliest first. */
export function answered(question, answers) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-text").textContent = question;
  const [likeliest, ...others] = Object.entries(answers).map(([value, text], place) =>
    el("button", { class: place ? "button" : "button primary", value, "data-yes": place ? null : "" }, text));
  dialog.querySelector(".actions").replaceChildren(el("button", { class: "button", value: "" }, "Cancel"), ...others, likeliest);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
  });
}

/** An element made of a tag, properties and children; class, data-*, aria-* go as attributes. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name === "class" ? "class" : name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** One of the sprite's pictures. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A quantity as people write it, without zeros at its end. */
export function tidy(quantity) {
  const text = String(quantity ?? "");
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** A quantity as typed ("1,5") in the API's form ("1.5"), or null where it is none. */
export function quantityOf(text) {
  const clean = String(text).trim().replace(",", ".");
  return /^\d{1,11}(\.\d{1,3})?$/.test(clean) ? clean : null;
}

/** What is wrong with a quantity, in words; "" for a good one. */
export function quantityTrouble(text, kind) {
  const quantity = quantityOf(text);
  if (quantity === null) return "Type a number such as 3 or 1.5, with at most three digits after the point.";
  return Number(quantity) > 0 || kind === "counted" ? "" : "Type more than 0. Only a count can be 0.";
}

/** One more or less; keeps what is behind the point and never goes below zero. */
export function stepped(text, by) {
  const now = quantityOf(text) ?? "0";
  const thousandths = Math.max(0, Math.round(Number(now) * 1000) + by * 1000);
  return tidy((thousandths / 1000).toFixed(3));
}

/** Write how many answers wait for Review wherever the page says it, after something was said of one here. */
export async function tellWaiting() {
  const places = document.querySelectorAll("[data-waiting]");
  const store = document.querySelector('meta[name="store"]').content;
  const reply = await fetch(`/review/waiting?store=${store}`, { headers: { Accept: "application/json" }, cache: "no-store" }).catch(() => null);
  if (!places.length || !reply?.ok || reply.redirected) return; // the figures come with the next page
  const waiting = await reply.json();
  for (const place of places) {
    const number = waiting[place.dataset.waiting];
    place.textContent = number.toLocaleString("en");
    if ("count" in place.dataset) place.dataset.count = String(number);
    const badge = place.closest(".count");
    if (badge) badge.hidden = !number;
  }
}

/** Write the times of a part of a page in the reader's own time zone. */
export function localTimes(root) {
  const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const node of root.querySelectorAll("time[data-local]")) {
    const at = new Date(node.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    node.title = node.textContent;
    node.textContent = (node.dataset.local === "date" ? date : time).format(at);
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  event.target.closest("[data-close]")?.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close();
  const reveal = event.target.closest("[data-reveal]");
  if (reveal) {
    const input = document.getElementById(reveal.dataset.reveal);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    reveal.setAttribute("aria-pressed", String(shown));
  }
  const step = event.target.closest("[data-stepper] [data-step]");
  if (step) {
    const input = step.parentElement.querySelector("input");
    input.value = stepped(input.value, Number(step.dataset.step));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && "storeChooser" in form.dataset) {
    const url = new URL(location.href);
    url.search = "";
    url.searchParams.set("store", event.target.value);
    location.assign(url);
  }
  if (form && "autoSubmit" in form.dataset) form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  // Pages kept for use without a connection are somebody's own: they go when they sign out.
  if ("signOut" in event.target.dataset && "caches" in window) caches.delete("shelfwise-pages");
});

/** A picture in place of a photo that cannot be shown: one that was deleted, or of a kind that this browser does not know. */
function placeholder(image) {
  if (image.classList.contains("no-photo")) return;
  image.classList.add("no-photo");
  if (image.alt) image.alt += " (cannot be shown)";
  image.title = "This photo cannot be shown";
  image.src = "/static/no-photo.svg";
}

// An image's error does not bubble, so it is caught on its way down.
document.addEventListener("error", (event) => event.target instanceof HTMLImageElement && placeholder(event.target), true);

/** A choice made before this script ran is taken; one that the browser brings back after "back" is not what is shown. */
function earlyChoices() {
  const early = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  for (const select of document.querySelectorAll("[data-auto-submit] select, [data-store-chooser] select")) {
    const shown = Math.max(0, [...select.options].findIndex((one) => one.defaultSelected));
    if (select.selectedIndex === shown) continue;
    if (early) select.dispatchEvent(new Event("change", { bubbles: true }));
    else select.selectedIndex = shown;
  }
}

for (const image of document.images) if (image.complete && image.currentSrc && !image.naturalWidth) placeholder(image);
localTimes(document);
flashKept();
earlyChoices();
// All of a page's modules have run by then, but for what they still wait for themselves.
document.addEventListener("DOMContentLoaded", () => startsLater || started());
if ("serviceWorker" in navigator && document.body.classList.contains("app")) {
  navigator.serviceWorker.register("/sw.js").catch(() => {
    // Over plain http there is none; the pages work all the same while there is a connection.
  });
}
