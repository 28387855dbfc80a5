// Importing: a file is tried first; what would be done, or every row that is wrong, is shown; then it is done.
import { ApiError, OfflineError, api, newKey } from "/static/api.js";
import { el, flashNext, icon } from "/static/app.js";
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

/** "3 products new, 2 changed, 40 as they are" */
function summary(reply) {
  const parts = [`${some(reply.added, NAMES[what()])} new`];
  if (what() === "products") parts.push(`${reply.changed.toLocaleString()} changed`, `${reply.unchanged.toLocaleString()} as they are in the book`);
  return parts.join(", ");
}

function problemTable(problems) {
  const rows = problems.map((one) =>
    el("tr", {}, el("th", { scope: "row", class: "plain-head number" }, String(one.line)), el("td", {}, one.column || "–"), el("td", {}, one.reason)),
  );
  const head = el("thead", {}, el("tr", {}, ...["Line", "Column", "What is wrong"].map((text) => el("th", { scope: "col" }, text))));
  const table = el("table", { class: "table" }, head, el("tbody", {}, ...rows));
  return el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Rows that are wrong" }, table);
}

function showProblems(reply) {
  const wrong = reply.problems.length;
  report.replaceChildren(
    el("p", { class: "flash bad" }, icon("warning"), `${some(wrong, ["problem", "problems"])}${reply.rows ? ` in ${some(reply.rows, ["row", "rows"])}` : ""}. Nothing is imported before they are mended.`),
    problemTable(reply.problems),
    el("p", { class: "help" }, "Mend the file, choose it again and try it once more. Lines are counted from the heading, which is line 1."),
  );
}

function showPlan(reply) {
  const nothing = reply.added + reply.changed === 0;
  const key = newKey(); // one file that was tried is imported once, however often the button is pressed
  const button = el("button", { type: "button", class: "button primary", disabled: nothing }, `Import ${some(reply.rows, ["row", "rows"])}`);
  button.addEventListener("click", () => importNow(button, key));
  report.replaceChildren(
    el("p", { class: "flash info" }, icon("check"), nothing ? "The file is right, and the book has it all already." : `The file is right: ${summary(reply)}.`),
    el("p", { class: "actions end" }, button),
  );
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
