// One card for each photo: the picture, what it may show, how much of it.
import { el, icon, quantityTrouble, stepped } from "/static/app.js";

const MOST_OPTIONS = 6;
const LIKELY = 0.5; // what is less so is offered, but not chosen already
const WORDS = {
  chosen: ["Chosen", "ok"],
  judged: ["Judged in Review", "ok"],
  sure: ["Recognised", "ok"],
  check: ["Please check", "low"],
  unknown: ["Not known", "out"],
};
const DOUBTS = {
  alike: "Another product looks much like it. Which one is it?",
  few_photos: "Only few photos of this product are known yet. Is it this one?",
  differs: "It looks a little different from this product’s photos. Is it this one?",
};

/** A label as people write it ("royal-gala" is "Royal gala"): its last level, for the eye alone. */
export function readable(category) {
  const text = category.split("/").at(-1).replace(/(\p{L})[-_]+(?=\p{L})/gu, "$1 ");
  return text === text.toLowerCase() ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** What can be chosen for a photo: products, and categories that have no product yet. Likeliest first. */
export function optionsOf(photo) {
  const options = [];
  const add = (option) => {
    const seen = options.some((one) => (option.product ? one.product?.id === option.product.id : !one.product && one.category === option.category));
    if (!seen && options.length < MOST_OPTIONS) options.push(option);
  };
  for (const { category, confidence, product, choices, by_sight, wider } of photo.answer?.candidates || []) {
    // What is only of a wider category comes after the one that the model means.
    if (wider) add({ category, confidence });
    // How sure the category is says little of a product of it.
    if (product) add({ product, category, confidence: by_sight ? confidence : null });
    for (const choice of choices || []) add({ product: choice, category, confidence: null });
    if (!product && !choices?.length && category) add({ category, confidence });
  }
  if (photo.product && !options.some((one) => one.product?.id === photo.product.id)) options.unshift({ product: photo.product, own: true });
  return options;
}

/** What an answer makes of a photo: the product that is chosen already, if any, and whether a person is to say that it is right. */
export function suggested(answer) {
  const first = answer?.candidates[0];
  const guess = answer?.product || (answer?.answer === "accept" && first?.product);
  if (!guess || (answer.product ? answer : first).confidence < LIKELY) return {};
  return { product: { ...guess, category: answer.category }, check: !isSure(answer) };
}

/** Whether the product may be taken without asking: it is known by sight, and nothing speaks against it. */
function isSure(answer) {
  return answer.answer === "accept" && Boolean(answer.product);
}

/** Whether a guess is of a category that has no product yet. */
function isNew(guess) {
  return !guess.product && (guess.wider || !guess.choices?.length);
}

/** The category of a photo where that has products already: it may show another one. Null where the guesses have it as new. */
function categoryWithProducts({ answer }) {
  return answer.candidates.some((one) => one.category === answer.category && isNew(one)) ? null : answer.category;
}

/** The answer after a product of a category was made: it takes the place of a guess that had none, and is one more choice
 * else. Null where the photo has no such guess. */
export function withProduct(photo, category, { id, name }) {
  if (!category || !photo.answer?.candidates) return null;
  const told = (one) => (isNew(one) ? { ...one, product: { id, name }, wider: false } : { ...one, choices: [...(one.choices || []), { id, name }] });
  let done = false; // products known by sight may share the category
  const candidates = photo.answer.candidates.map((one) => {
    if (done || one.category !== category || one.by_sight) return one;
    done = true;
    return told(one);
  });
  // All products of the category so far were known by sight.
  if (!done && photo.answer.category === category) candidates.push({ category, confidence: 0, product: null, choices: [{ id, name }] });
  else if (!done) return null;
  return { ...photo.answer, candidates };
}

/** What somebody said of the photo's answer on another page, and what follows from it; null where nobody could tell. */
export function judgement({ verdict, judged_by: by, right_category: category, right_product: product }) {
  if (!verdict || verdict === "skipped") return null;
  if (verdict === "unknown") return { judged: `${by} has said in Review that it is none of yours, or no product.`, product: null, check: false };
  const judged = `${by} has said in Review that it is ${product ? product.name : readable(category)}.`;
  return product ? { judged, product: { ...product, category }, check: false } : { judged };
}

/** What booking a product says of the answer. */
export function verdictOf(photo) {
  const { id, product } = photo.answer;
  if (!id || photo.judged) return null;
  if (product?.id === photo.product.id) return { answer: id, verdict: "confirmed" };
  const category = photo.product.category ? { category: photo.product.category } : {};
  return { answer: id, verdict: "corrected", product_id: photo.product.id, ...category };
}

function percent(part) {
  return `${Math.round(part * 100)} %`;
}

function bar(photo, option) {
  const { answer, product, doubt } = photo.answer;
  const { confidence = null } = option;
  const own = product && option.product?.id === product.id;
  const beside = photo.answer.candidates.some((one) => one.by_sight);
  // Of what is like nothing that was learned, and of a product that is hardly known, the figure says too much; and
  // beside a product, a category is something else to be sure of.
  if (confidence === null || answer === "unknown" || (own ? doubt && doubt !== "alike" : beside && !option.product)) return null;
  const sure = own && isSure(photo.answer);
  return el("span", { class: "confidence" },
    el("meter", { min: 0, max: 1, value: confidence, "aria-hidden": "true", class: sure ? "" : "guess" }),
    el("span", {}, el("span", { class: "hidden" }, "confidence "), percent(confidence)));
}

function choice(photo, option, act) {
  if (!option.product) {
    const name = readable(option.category);
    return el("button", { type: "button", class: "choice", onclick: () => act.choose(photo.id, { category: option.category, name, query: name }) },
      icon("plus"), el("span", { class: "choice-name" }, name, el("span", { class: "muted" }, " – no product yet")), bar(photo, option));
  }
  const is = () => photo.product?.id === option.product.id;
  return el("label", { class: photo.check ? "choice asked" : "choice" },
    el("input", {
      type: "radio", name: `pick-${photo.id}`, value: String(option.product.id), checked: is(),
      onchange: () => act.pick(photo.id, { ...option.product, category: option.category }),
      onclick: () => photo.check && is() && act.confirm(photo.id), // a tap on what is chosen already changes nothing, but says something
    }),
    el("span", { class: "choice-name" }, option.product.name, option.own ? el("span", { class: "muted" }, " – your choice") : null),
    bar(photo, option));
}

function amount(photo, number, act) {
  const told = el("p", { class: "error", id: `trouble-${photo.id}`, role: "alert" });
  const input = el("input", { type: "text", inputMode: "decimal", autocomplete: "off", value: photo.quantity, "aria-label": `Quantity of photo ${number}`, "aria-describedby": told.id });
  const check = (text) => {
    const trouble = quantityTrouble(text, act.kind());
    if (told.textContent !== trouble) told.textContent = trouble;
    if (trouble) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const set = (text) => {
    check(text);
    act.amount(photo.id, text);
  };
  check(photo.quantity);
  input.addEventListener("input", () => set(input.value));
  input.addEventListener("focus", () => input.select());
  const step = (by, label, symbol) =>
    el("button", { type: "button", "aria-label": `${label}, photo ${number}`, onclick: () => set((input.value = stepped(input.value, by))) }, icon(symbol));
  return [el("div", { class: "stepper" }, step(-1, "One less", "minus"), input, step(1, "One more", "plus")), told];
}

function stateOf({ answer, check, chosen, judged, product }) {
  if (chosen) return "chosen";
  if (judged) return "judged";
  if (answer.answer === "unknown") return "unknown";
  return isSure(answer) && product && !check ? "sure" : "check";
}

function head(photo, offline) {
  if (photo.state === "bad") return el("span", { class: "badge out" }, "Cannot be read");
  if (photo.state === "new") {
    return offline
      ? el("span", { class: "badge info" }, "Waits for the connection")
      : el("span", { class: "looking" }, el("progress", { "aria-label": "Being looked at" }), el("span", {}, "Being looked at…"));
  }
  const [text, state] = WORDS[stateOf(photo)];
  return el("span", { class: `badge ${state}` }, text);
}

/** What is to be said above the choices, or "". */
function hint(photo, options) {
  if (photo.judged) return photo.judged;
  if (photo.chosen) return "";
  const { answer, candidates, category, doubt, product } = photo.answer;
  if (photo.check && doubt) return DOUBTS[doubt];
  if (answer === "unknown") return options.length ? "It is like nothing that was learned. It looks most like:" : "";
  if (product && !photo.product) return "None of these is likely enough to choose it for you. Which one is it?";
  if (answer !== "accept" || product || !category || !options.some((option) => option.product)) return "";
  const is = photo.answer.confidence < LIKELY ? "may be" : "is";
  const kind = `This ${is} ${readable(category)}`;
  if (!photo.check && candidates[0]?.wider) return `${kind}, of which there is no product yet.`;
  // How sure the category is: it says little of a product of it, so it stands here and not at the product.
  return `${kind} (${percent(photo.answer.confidence)}). ${photo.check ? "Is it this one?" : "Which one is it?"}`;
}

/** A button that makes one more product of the photo's category. */
function sister(photo, number, act) {
  const category = act.makes() && categoryWithProducts(photo);
  if (!category || photo.judged) return null;
  const name = readable(category);
  return el("button", { type: "button", class: "button small end", "aria-label": `New product in ${name}, photo ${number}`, onclick: () => act.choose(photo.id, { category, name, query: name, sister: true }) },
    icon("plus"), `New product in ${name}`);
}

function body(photo, number, act) {
  if (photo.state === "new") return [];
  if (photo.state === "bad") return [el("p", { class: "error" }, el("b", {}, photo.name), `: ${photo.error}.`.replace(/\.\.$/, ".")), el("p", { class: "help" }, "Remove it and take another.")];
  const options = optionsOf(photo);
  const said = hint(photo, options);
  const query = photo.answer.category || "";
  return [
    said ? el("p", { class: "help" }, said) : null,
    el("fieldset", { class: "choices" }, el("legend", { class: "hidden" }, `What is on photo ${number}?`), options.map((option) => choice(photo, option, act)),
      el("button", { type: "button", class: "choice other", onclick: () => act.choose(photo.id, { category: query }) }, icon("search"), el("span", { class: "choice-name" }, options.length ? "Something else…" : "Choose the product…"))),
    photo.check ? el("button", { type: "button", class: "button", "aria-label": `Yes, this one, photo ${number}`, onclick: () => act.confirm(photo.id) }, icon("check"), "Yes, this one") : null,
    sister(photo, number, act),
    photo.error ? el("p", { class: "error", role: "alert" }, photo.error) : null,
    amount(photo, number, act),
  ].flat();
}

/** The card of a photo, anew. `act` has kind, makes, pick, confirm, choose, amount, remove. */
export function card(photo, number, url, offline, act) {
  return el("li", { class: `scan-card ${photo.state}`, "data-id": photo.id },
    el("img", { class: "scan-photo", src: url, alt: `Photo ${number}` }),
    el("div", { class: "scan-side" },
      el("div", { class: "scan-top" }, head(photo, offline), el("button", { type: "button", class: "icon-button", "aria-label": `Remove photo ${number}`, onclick: () => act.remove(photo.id) }, icon("close"))),
      body(photo, number, act)));
}
