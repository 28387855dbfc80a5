// What a chosen box is, and what can be said of it.
import { el, icon } from "/static/app.js";
import { readable } from "/static/shelf/model.js";

const MOST = 5;

function percent(confidence) {
  return `${Math.round(confidence * 100)} %`;
}

function picture(image, [left, top, right, bottom]) {
  const canvas = el("canvas", { width: 160, height: 160, "aria-hidden": "true" });
  const draw = () => {
    const scale = Math.min(160 / (right - left), 160 / (bottom - top));
    const [width, height] = [(right - left) * scale, (bottom - top) * scale];
    canvas.getContext("2d").drawImage(image, left, top, right - left, bottom - top, (160 - width) / 2, (160 - height) / 2, width, height);
  };
  if (image.complete && image.naturalWidth) draw();
  else image.addEventListener("load", draw, { once: true });
  return canvas;
}

function words(shelf, box) {
  if (box.verdict === "unknown") return "Nobody here knows it";
  if (box.verdict) return "As a person said";
  const nearest = box.candidates.length ? ". It looks most like:" : "";
  if (box.answer === "unknown") return `${box.score === null ? "Added by hand: say what it is" : "Like nothing that is known"}${nearest}`;
  const sure = box.confidence === null ? "" : ` (${percent(box.confidence)})`;
  if (box.answer === "ask") return `Perhaps${sure}: choose what it is`;
  return box.product ? `Recognised${sure}` : `The kind is known${sure}, not the product`;
}

/** One button for each thing that it may be: a product at once, a category by way of the list of its products. */
function choices(box, act) {
  const made = [];
  const told = new Set();
  for (const { product, category, confidence } of box.candidates) {
    const key = product ? `p${product.id}` : `c${category}`;
    if (told.has(key) || (product && product.id === box.product?.id && box.verdict)) continue;
    told.add(key);
    const name = product?.name || readable(category);
    made.push(el("button", { type: "button", class: "choice", onclick: () => (product ? act.name({ product: { ...product, category } }) : act.choose({ category: box.answer === "unknown" ? "" : category })) },
      el("span", { class: "choice-name" }, name, product ? null : el("span", { class: "muted" }, " – choose the product…")),
      // Of what is like nothing that is known, the figure only says how the known ones compare.
      box.answer === "unknown" ? null : el("span", { class: "muted" }, percent(confidence))));
  }
  return made.slice(0, MOST);
}

/** What says that those beside it are meant as well. */
function widely(shelf, box, act) {
  const count = shelf.meant(box.key).length;
  if (!count) return "";
  const text = box.verdict ? `Also the ${count} beside it with the same name` : `Also the ${count} beside it that ${count === 1 ? "looks" : "look"} the same`;
  return el("div", { class: "field check" },
    el("input", { type: "checkbox", id: "shelf-wide", checked: act.wide(), onchange: (event) => act.setWide(event.target.checked) }), el("label", { for: "shelf-wide" }, text));
}

/** Of a box that was named: the same name for those that look the same, and that nobody has named. */
function spread(shelf, box, act) {
  const count = box.verdict && box.verdict !== "unknown" ? shelf.unnamed(box.key).length : 0;
  if (!count) return null;
  return el("button", { type: "button", class: "choice", onclick: act.spread }, icon("check"),
    el("span", { class: "choice-name" }, `${shelf.nameOf(box)}: the ${count} beside it that ${count === 1 ? "looks" : "look"} the same as well`));
}

/** Fill the panel. act: name, spread, choose, remove, edges, close, wide (whether those beside it are meant as well). */
export function fillPanel(place, shelf, box, image, act) {
  const mayConfirm = !box.verdict && box.answer !== "unknown" && (box.product || box.category);
  place.replaceChildren(
    el("div", { class: "shelf-panel-head" }, picture(image, box.box),
      el("div", {}, el("h2", { id: "shelf-panel-title", tabIndex: -1 }, shelf.nameOf(box)), el("p", { class: "muted" }, shelf.placeOf(box)), el("p", {}, words(shelf, box))),
      el("button", { type: "button", class: "icon-button", "aria-label": "Close the box", onclick: act.close }, icon("close"))),
    widely(shelf, box, act),
    el("div", { class: "choices" },
      spread(shelf, box, act),
      mayConfirm ? el("button", { type: "button", class: "choice", "data-confirm-box": "", onclick: () => act.name({ verdict: "confirmed" }) }, icon("check"), el("span", { class: "choice-name" }, `Yes, ${shelf.nameOf(box)}`)) : null,
      choices(box, act),
      el("button", { type: "button", class: "choice other", onclick: () => act.choose({ category: box.category || "" }) }, icon("search"), el("span", { class: "choice-name" }, box.answer === "unknown" ? "Choose the product…" : "Something else…"))),
    el("div", { class: "actions" },
      el("button", { type: "button", class: "button small", onclick: act.edges, "aria-pressed": String(act.edging()) }, icon("frame"), "Move its edges"),
      box.verdict === "unknown" ? null : el("button", { type: "button", class: "button small", onclick: () => act.name({ verdict: "unknown" }) }, icon("review"), "Nobody knows it"),
      box.verdict ? el("button", { type: "button", class: "button small", onclick: () => act.name({ verdict: "open" }) }, icon("undo"), "As it was") : null,
      el("button", { type: "button", class: "button small danger", onclick: act.remove }, icon("trash"), "No product")));
  place.hidden = false;
}
