// Importing: a file is tried first; what it would change, or every row that is wrong, is shown; then it is done.
import { ApiError, OfflineError, api, newKey } from "/static/api.js";
import { el, flashNext, icon, tidy } from "/static/app.js";
import { showErrors } from "/static/forms.js";

const form = document.getElementById("import");
const report = document.getElementById("import-report");
const file = document.getElementById("import-file");
const NAMES = { products: ["product", "products"], counts: ["count", "counts"], movements: ["movement", "movements"] };

function what() {
  return form.elements.what.value;
}

function some(number, [one, many]) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

async function send(dry, key) {
  const body = new FormData();
  body.append("file", file.files[0]);
  const query = new URLSearchParams({ store: form.dataset.store, dry_run: dry });
  const { body: reply } = await api("POST", `/api/v1/imports/${what()}?${query}`, { body, key, timeout: 600000 });
  return reply;
}

/** "3 products new, 2 changed, 40 as they are in the book"; "18 counts" */
function summary(reply) {
  const added = some(reply.added, NAMES[what()]);
  if (what() !== "products") return added;
  return `${added} new, ${reply.changed.toLocaleString()} changed, ${reply.unchanged.toLocaleString()} as they are in the book`;
}

/** A table whose rows are lists of cells; what is typed as a number stands on the right. */
function table(label, headings, rows) {
  const numeric = headings.map((heading) => heading.startsWith(">"));
  const head = headings.map((heading, at) => el("th", { scope: "col", class: numeric[at] ? "number" : "" }, heading.replace(">", "")));
  const body = rows.map(([first, ...rest]) =>
    el("tr", {}, el("th", { scope: "row", class: numeric[0] ? "plain-head number" : "" }, first), ...rest.map((cell, at) => el("td", { class: numeric[at + 1] ? "number" : "" }, cell))),
  );
  const whole = el("table", { class: "table" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
  return el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": label }, whole);
}

function problemTable(problems) {
  return table("Rows that are wrong", [">Line", "Column", "What is wrong"], problems.map((one) => [String(one.line), one.heading || one.column || "–", one.reason]));
}

/** "pack_size" as people read it: "pack size" */
function words(column) {
  return column === "gtin" ? "GTIN" : column.replaceAll("_", " ");
}

function title(column) {
  const name = words(column);
  return name[0].toUpperCase() + name.slice(1);
}

function fieldChange({ column, before, after }) {
  const now = after ? el("strong", {}, after) : el("span", { class: "badge out" }, "emptied");
  return el("li", {}, `${title(column)}: ${before || "nothing"} → `, now);
}

function signed(difference) {
  const text = tidy(difference);
  return text.startsWith("-") ? `−${text.slice(1)}` : `+${text}`;
}

/** What the file changes, row by row; null where it tells nothing. */
function changeTable(reply) {
  if (what() === "movements") {
    return reply.kinds.length ? table("Movements by kind", ["Kind", ">Rows", ">Quantity"], reply.kinds.map((one) => [title(one.kind), one.rows.toLocaleString(), tidy(one.quantity)])) : null;
  }
  if (!reply.changes.length) return null;
  if (what() === "products") {
    return table("Products that change", [">Line", "Product", "What changes"], reply.changes.map((one) => [String(one.line), one.product, el("ul", { class: "plain-list" }, one.fields.map(fieldChange))]));
  }
  const rows = reply.changes.map((one) => {
    const [{ before, after }] = one.fields;
    const place = one.location && el("span", { class: "note" }, one.location);
    const counted = el("span", {}, `${after} (${signed(one.difference)})`, el("span", { class: "note" }, `expected ${before}`));
    return [String(one.line), el("span", {}, one.product, place || null), counted];
  });
  return table("Counts that differ from the book", [">Line", "Product", ">Counted"], rows);
}

/** The first new products, and the categories that come with them; null where there are none. */
function newTable(reply) {
  if (!reply.new.length) return null;
  return table("New products", [">Line", "New product", "Category"], reply.new.map((one) => [String(one.line), one.product, one.category || "–"]));
}

/** "New categories: coffee, tea." */
function newCategories(reply) {
  if (!reply.new_categories_total) return null;
  const more = reply.new_categories_total - reply.new_categories.length;
  const rest = more ? `, and ${more.toLocaleString()} more` : "";
  return el("p", {}, `${reply.new_categories_total === 1 ? "New category" : "New categories"}: ${reply.new_categories.join(", ")}${rest}.`);
}

/** "These are 20 of 300 new products." where not all are shown */
function shownOf(shown, all, what_) {
  return all > shown && shown ? el("p", { class: "help" }, `These are ${shown.toLocaleString()} of ${all.toLocaleString()} ${what_}.`) : null;
}

/** What empty cells take away, so that nobody loses it unwittingly. */
function emptied(reply) {
  const parts = Object.entries(reply.emptied).map(([column, count]) => `the ${words(column)} of ${some(count, NAMES.products)}`);
  if (!parts.length) return null;
  const text = `Empty cells take away ${parts.join(", ")}. To keep what the book has, remove the column from the file or fill in the cells.`;
  return el("p", { class: "flash low" }, icon("warning"), el("span", {}, text));
}

/** "5 differ from what the book expects, 13 are as expected." */
function compared(reply) {
  if (what() !== "counts" || reply.repeated) return "";
  const same = reply.rows - reply.changes_total;
  return ` ${some(reply.changes_total, ["differs", "differ"])} from what the book expects, ${some(same, ["is", "are"])} as expected.`;
}

function showProblems(reply) {
  const wrong = reply.problems.length;
  report.replaceChildren(
    el("p", { class: "flash bad" }, icon("warning"), `${some(wrong, ["problem", "problems"])}${reply.rows ? ` in ${some(reply.rows, ["row", "rows"])}` : ""}. Nothing is imported while a row is wrong.`),
    problemTable(reply.problems),
    el("p", { class: "help" }, "Correct the file, choose it again and try it once more. Lines are counted from the heading, which is line 1."),
  );
}

function showPlan(reply) {
  const nothing = reply.added + reply.changed === 0;
  const key = newKey(); // one file that was tried is imported once, however often the button is pressed
  const button = el("button", { type: "button", class: "button primary", disabled: nothing }, `Import ${some(reply.rows, ["row", "rows"])}`);
  button.addEventListener("click", () => importNow(button, key));
  const parts = [
    el("p", { class: "flash info" }, icon("check"), nothing ? "The file is right, and the book has it all already." : `The file is right: ${summary(reply)}.${compared(reply)}`),
    emptied(reply),
    changeTable(reply),
    shownOf(reply.changes.length, reply.changes_total, "rows that change something"),
    newTable(reply),
    shownOf(reply.new.length, reply.added, "new products"),
    newCategories(reply),
    el("p", { class: "actions end" }, button),
  ];
  report.replaceChildren(...parts.filter(Boolean));
}

function fail(error) {
  if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
  showErrors(form, error);
}

async function importNow(button, key) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const reply = await send(false, key);
    if (reply.problems.length) return showProblems(reply); // the book changed since the file was tried
    flashNext(`Imported: ${summary(reply)}.`);
    location.assign({ products: "/products", counts: "/stock", movements: "/movements" }[what()]);
  } catch (error) {
    fail(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-busy") === "true") return;
  form.querySelectorAll("[data-error-for], [data-form-error]").forEach((place) => (place.textContent = ""));
  file.removeAttribute("aria-invalid");
  report.replaceChildren();
  button.setAttribute("aria-busy", "true");
  try {
    const reply = await send(true, newKey());
    (reply.problems.length ? showProblems : showPlan)(reply);
    report.scrollIntoView({ block: "nearest" });
  } catch (error) {
    fail(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
});

// What was tried is no longer what is chosen.
form.addEventListener("change", () => report.replaceChildren());
