// Review: one photo at a time, by keys or taps; each verdict is sent at once, and the next photo comes.
import { ApiError, OfflineError, api, newKey, wordsOf } from "/static/api.js";
import { flash, tellWaiting } from "/static/app.js";
import { Picker } from "/static/picker.js";

const cards = [...document.querySelectorAll("[data-answer]")];
const left = document.querySelector("[data-left]");
const picker = new Picker(document.getElementById("picker"));
let at = 0;

function show(place, focus = true) {
  at = place;
  cards.forEach((card, index) => (card.hidden = index !== at));
  // The next one's picture is fetched while this one is looked at.
  cards[at + 1]?.querySelector("img")?.setAttribute("loading", "eager");
  document.querySelectorAll("[data-go]").forEach((button) => (button.disabled = cards.length < 2));
  tell(cards[at], "");
  if (focus) cards[at].querySelector("button").focus({ preventScroll: true });
}

function tell(card, text) {
  card.querySelector("[data-trouble]").textContent = text;
}

/** Why the key C does nothing: what the model does not know has no answer that could be right. */
function nothingToConfirm(card) {
  const choices = card.querySelectorAll(".choice[data-key]").length;
  const numbers = choices ? `${choices === 1 ? "1" : `1 to ${choices}`} for what it looks most like, ` : "";
  tell(card, `There is no answer to confirm: press ${numbers}/ to search for the product, or U if it is not yours.`);
}

function go(by) {
  if (cards.length) show((at + by + cards.length) % cards.length);
}

function judged(card) {
  const place = cards.indexOf(card);
  const here = at === place;
  cards.splice(place, 1);
  card.remove();
  left.dataset.count = String(Math.max(0, Number(left.dataset.count) - 1));
  left.textContent = Number(left.dataset.count).toLocaleString("en");
  // All of these are done: more may wait on the server, or it says that nothing does.
  if (!cards.length) return location.reload();
  tellWaiting();
  if (here) show(Math.min(place, cards.length - 1));
  else if (place < at) at -= 1;
}

async function say(card, verdict) {
  if (card.getAttribute("aria-busy") === "true") return;
  const content = JSON.stringify(verdict);
  // The same verdict sent again after an interruption is the same write.
  if (card.dataset.sent !== content) Object.assign(card.dataset, { sent: content, key: newKey() });
  tell(card, "");
  card.setAttribute("aria-busy", "true");
  try {
    await api("POST", `/api/v1/review/${card.dataset.answer}`, { body: verdict, key: card.dataset.key });
    judged(card);
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    card.removeAttribute("aria-busy");
    if (error.status === 409 && !error.errors.length) {
      flash(error.message, "info"); // somebody else was quicker
      judged(card);
    } else {
      tell(card, wordsOf(error));
    }
  }
}

async function search(card) {
  const product = await picker.choose({ category: card.dataset.query });
  if (!product) return;
  const own = String(product.id) === card.dataset.product;
  say(card, own ? { verdict: "confirmed" } : { verdict: "corrected", product_id: product.id });
}

document.addEventListener("click", (event) => {
  const go_ = event.target.closest("[data-go]");
  if (go_) go(Number(go_.dataset.go));
  const card = event.target.closest("[data-answer]");
  if (!card) return;
  const choice = event.target.closest("[data-verdict]");
  if (choice) say(card, JSON.parse(choice.dataset.verdict));
  if (event.target.closest("[data-search-product]")) search(card);
});

document.addEventListener("keydown", (event) => {
  if (!cards.length || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, select, textarea")) return;
  const card = cards[at];
  const key = event.key.toLowerCase();
  const pressed = key === "c" ? card.querySelector("[data-confirms]") : key === "/" ? card.querySelector("[data-search-product]") : /^[1-3us]$/.test(key) ? card.querySelector(`[data-key="${key}"]`) : null;
  if (key === "arrowleft" || key === "arrowright") go(key === "arrowleft" ? -1 : 1);
  else if (pressed && !event.repeat) pressed.click();
  else if (key === "c") nothingToConfirm(card);
  else return;
  event.preventDefault();
});

if (cards.length) show(0, false);
