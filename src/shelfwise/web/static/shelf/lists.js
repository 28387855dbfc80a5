// Beside the photo: what is there in figures, and all boxes row by row, for whoever does not point at the photo.
import { el, icon } from "/static/app.js";
import { readable } from "/static/shelf/model.js";

function dot(colour) {
  const node = el("span", { class: "shelf-dot", "aria-hidden": "true" });
  node.style.setProperty("--colour", colour);
  return node;
}

function facings(number) {
  return `${number} ${number === 1 ? "facing" : "facings"}`;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** Facings by category, with the products of each, and what is open. act: next(answer). */
export function fillCounts(place, shelf, act) {
  const { counts } = shelf.body;
  const lines = counts.categories.map(({ category, facings: number, share, linear, product: only }) => {
    const products = counts.products.filter((one) => one.category === category);
    const unnamed = number - products.reduce((sum, one) => sum + one.facings, 0);
    return el("li", {},
      el("div", { class: "shelf-line" }, dot(shelf.colourOf(category)), el("b", {}, category ? readable(category) : "No category"), el("span", { class: "end" }, `${facings(number)} · ${percent(share)} `, el("small", { class: "muted" }, `${percent(linear)} of the width`))),
      products.length || only ? el("ul", {}, products.map((one) => el("li", { class: "shelf-line" }, one.product.name, el("span", { class: "end" }, String(one.facings)))),
        unnamed ? el("li", { class: "shelf-line muted" }, only ? `Booked as ${only.name}, the only one` : "No product chosen", el("span", { class: "end" }, String(unnamed))) : null) : null);
  });
  const open = [["ask", counts.asked, "To check"], ["unknown", counts.unknown, "Not known"]].filter(([, number]) => number).map(([answer, number, text]) =>
    el("li", {}, el("button", { type: "button", class: "shelf-line", onclick: () => act.next(answer) }, dot(shelf.colourOf(null)), text, el("span", { class: "end" }, `${facings(number)} · ${percent(number / counts.facings)}`))));
  place.replaceChildren(counts.facings ? el("ul", { class: "shelf-counts" }, lines, open) : el("p", { class: "muted" }, "No products were found on this photo. Add boxes by hand, or take another photo."));
}

function chip(shelf, box, chosen, act) {
  const name = shelf.nameOf(box);
  const state = shelf.stateOf(box);
  const where = box.level > 1 ? `place ${box.position}, level ${box.level}` : `place ${box.position || "new"}`;
  return el("li", {}, el("button", {
    type: "button", class: `shelf-chip ${box.answer}`, "data-key": box.key, "aria-current": chosen ? "true" : null,
    "aria-label": `${where[0].toUpperCase()}${where.slice(1)}: ${name}${state ? `, ${state}` : ""}`, onclick: () => act.pick(box.key),
  }, dot(shelf.colour(box)), el("span", { class: "shelf-place-number" }, box.position ? String(box.position) : ""), el("span", {}, name)));
}

/** Boxes that were taken away, to be put back. */
function away(shelf, act) {
  const boxes = shelf.body.boxes.filter((box) => box.removed);
  if (!boxes.length) return [];
  return [el("div", { class: "shelf-row" }, el("h3", { id: "shelf-away" }, `Taken away · ${boxes.length}`),
    el("ul", { "aria-labelledby": "shelf-away" }, boxes.map((box) => el("li", {},
      el("button", { type: "button", class: "button small", "data-away": box.key, "aria-label": `Put back: ${shelf.nameOf(box)}`, onclick: () => act.back(box.key) }, icon("undo"), shelf.nameOf(box))))))];
}

/** All boxes, row by row from the top, each row from the left, and those taken away. act: pick(key), back(key). */
export function fillRows(place, shelf, chosen, act) {
  const rows = new Map();
  for (const box of shelf.boxes) {
    const row = box.row || "new";
    rows.set(row, [...(rows.get(row) || []), box]);
  }
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...[...rows].map(([row, boxes]) => {
    const id = `shelf-row-${row}`;
    return el("div", { class: "shelf-row" }, el("h3", { id }, row === "new" ? "New" : `Row ${row} · ${facings(boxes.length)}`),
      el("ul", { "aria-labelledby": id }, boxes.map((box) => chip(shelf, box, box.key === chosen, act))));
  }), ...away(shelf, act));
  if (held) place.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

/** Gaps, with the product that is likely missing in each. act: reveal(box). */
export function fillGaps(section, shelf, act) {
  const gaps = shelf.body.gaps || [];
  section.hidden = !gaps.length;
  section.querySelector("div").replaceChildren(el("ul", { class: "list" }, gaps.map((gap) => {
    const likely = gap.product || (gap.category && readable(gap.category));
    const what = likely ? `${gap.planned ? "planned for" : "probably of"} ${likely}` : "nothing tells of what";
    const room = gap.facings === 1 ? "Room for 1 facing" : `Room for ${gap.facings} facings`;
    return el("li", {}, el("span", { class: "recent" }, el("b", {}, `${room}, ${what}`), el("span", { class: "muted" }, `Row ${gap.row}, ${gap.position > 1 ? `after place ${gap.position - 1}` : "at the left end"}`)),
      el("button", { type: "button", class: "button small end", "aria-label": `Show the gap in row ${gap.row}`, onclick: () => act.reveal(gap.box) }, "Show"));
  })));
}

/** How the shelf compares with its planogram, and what to fix, first things first. */
export function fillPlan(section, shelf) {
  const compared = shelf.body.comparison;
  const mayKeep = section.querySelector("#shelf-plan-keep") && shelf.body.counts.products.length;
  section.hidden = !compared && !mayKeep;
  if (!compared) return section.querySelector("div").replaceChildren(el("p", { class: "muted" }, "This place has none yet. What stands here now can become it; photos of the place are compared with it then."));
  const { compliance, compliance_at_best: best, unsure, fixes } = compared;
  section.querySelector("div").replaceChildren(
    el("p", {}, el("b", { class: "big" }, `${Math.round(compliance)} %`), " of the planned facings are where they should be.", unsure ? ` ${Math.round(best)} %, if all that is not sure is right.` : ""),
    fixes.length ? el("ol", { class: "shelf-fixes" }, fixes.map((fix) => el("li", {}, fix.text))) : el("p", { class: "muted" }, "Nothing is to be fixed."));
}
