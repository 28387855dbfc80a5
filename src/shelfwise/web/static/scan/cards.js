// One card for each photo: the picture, what it may show, how much of it.
import { el, icon, quantityOf, stepped } from "/static/app.js";

const MOST_OPTIONS = 6;
const WORDS = {
  accept: ["Recognised", "ok"],
  ask: ["Please check", "low"],
  unknown: ["Not known", "out"],
};

function leaf(category) {
  return category.split("/").at(-1);
}

/** What can be chosen for a photo: products, and categories that have no product yet. Likeliest first. */
export function optionsOf(photo) {
  const options = [];
  const add = (option) => {
    const seen = options.some((one) => (option.product ? one.product?.id === option.product.id : !one.product && one.category === option.category));
    if (!seen && options.length < MOST_OPTIONS) options.push(option);
  };
  for (const { category, confidence, product, choices } of photo.answer?.candidates || []) {
    if (product) add({ product, category, confidence });
    for (const choice of choices || []) add({ product: choice, category, confidence: product ? null : confidence });
    if (!product && !choices?.length && category) add({ category, confidence });
  }
  if (photo.product && !options.some((one) => one.product?.id === photo.product.id)) options.unshift({ product: photo.product, own: true });
  return options;
}

/** The product that may be taken without asking, or null. */
export function sureProduct(answer) {
  if (answer?.answer !== "accept") return null;
  const product = answer.product || answer.candidates[0]?.product;
  return product ? { ...product, category: answer.category } : null;
}

/** What booking a product says of the answer. */
export function verdictOf(photo) {
  const { id, product } = photo.answer;
  if (!id) return null;
  if (product?.id === photo.product.id) return { answer: id, verdict: "confirmed" };
  const category = photo.product.category ? { category: photo.product.category } : {};
  return { answer: id, verdict: "corrected", product_id: photo.product.id, ...category };
}

function bar(confidence, sure) {
  if (confidence === null || confidence === undefined) return null;
  const percent = `${Math.round(confidence * 100)} %`;
  return el("span", { class: "confidence" },
    el("meter", { min: 0, max: 1, low: 0.5, high: 0.8, optimum: 1, value: confidence, "aria-hidden": "true", class: sure ? "" : "unsure" }),
    el("span", {}, el("span", { class: "hidden" }, "confidence "), percent));
}

function choice(photo, option, act) {
  const name = `pick-${photo.id}`;
  if (!option.product) {
    return el("button", { type: "button", class: "choice", onclick: () => act.choose(photo.id, { category: option.category, name: leaf(option.category), query: leaf(option.category) }) },
      icon("plus"), el("span", { class: "choice-name" }, leaf(option.category), el("span", { class: "muted" }, " – no product yet")), bar(option.confidence, photo.answer.answer === "accept"));
  }
  return el("label", { class: "choice" },
    el("input", { type: "radio", name, value: String(option.product.id), checked: photo.product?.id === option.product.id, onchange: () => act.pick(photo.id, { ...option.product, category: option.category }) }),
    el("span", { class: "choice-name" }, option.product.name, option.own ? el("span", { class: "muted" }, " – your choice") : null),
    bar(option.confidence, photo.answer?.answer === "accept"));
}

function amount(photo, number, act) {
  const input = el("input", { type: "text", inputMode: "decimal", autocomplete: "off", value: photo.quantity, "aria-label": `Quantity of photo ${number}` });
  const set = (text) => {
    const good = quantityOf(text) !== null;
    input.toggleAttribute("aria-invalid", false);
    if (!good) input.setAttribute("aria-invalid", "true");
    act.amount(photo.id, text);
  };
  input.addEventListener("input", () => set(input.value));
  input.addEventListener("focus", () => input.select());
  const step = (by, label, symbol) =>
    el("button", { type: "button", "aria-label": `${label}, photo ${number}`, onclick: () => set((input.value = stepped(input.value, by))) }, icon(symbol));
  return el("div", { class: "stepper" }, step(-1, "One less", "minus"), input, step(1, "One more", "plus"));
}

function head(photo, offline) {
  if (photo.state === "bad") return el("span", { class: "badge out" }, "Cannot be read");
  if (photo.state === "new") {
    return offline
      ? el("span", { class: "badge info" }, "Waits for the connection")
      : el("span", { class: "looking" }, el("progress", { "aria-label": "Being looked at" }), el("span", {}, "Being looked at…"));
  }
  const [text, state] = WORDS[photo.answer.answer];
  return el("span", { class: `badge ${state}` }, text);
}

function body(photo, number, act) {
  if (photo.state === "new") return [];
  if (photo.state === "bad") return [el("p", { class: "error" }, `${photo.error}.`.replace(/\.\.$/, ".")), el("p", { class: "help" }, "Remove it and take another.")];
  const options = optionsOf(photo);
  return [
    el("fieldset", { class: "choices" }, el("legend", { class: "hidden" }, `What is on photo ${number}?`), options.map((option) => choice(photo, option, act)),
      el("button", { type: "button", class: "choice other", onclick: () => act.choose(photo.id, { category: photo.answer.category || "" }) }, icon("search"), el("span", { class: "choice-name" }, options.length ? "Something else…" : "Choose the product…"))),
    photo.error ? el("p", { class: "error", role: "alert" }, photo.error) : null,
    amount(photo, number, act),
  ];
}

/** The card of a photo, anew. `act` has pick, choose, amount, remove. */
export function card(photo, number, url, offline, act) {
  return el("li", { class: `scan-card ${photo.state}`, "data-id": photo.id },
    el("img", { class: "scan-photo", src: url, alt: `Photo ${number}` }),
    el("div", { class: "scan-side" },
      el("div", { class: "scan-top" }, head(photo, offline), el("button", { type: "button", class: "icon-button", "aria-label": `Remove photo ${number}`, onclick: () => act.remove(photo.id) }, icon("close"))),
      body(photo, number, act)));
}
