// The Count page: numbers typed or tapped stay on this device until they are booked as one count.
import { ApiError, OfflineError, api, meta, newKey } from "/static/api.js";
import { flash, flashNext, quantityOf, quantityTrouble, stepped, tidy } from "/static/app.js";
import { Picker } from "/static/picker.js";

const list = document.getElementById("count-list");
const book = document.getElementById("count-book");
const picker = new Picker(document.getElementById("picker"));
const location_ = Number(list.dataset.location);
const NAME = `shelfwise.count.${meta("user")}.${meta("store")}.${location_}`;

// {key, lines: {product: {name, quantity, text}}}: also what was counted on the list's other pages. The text is what was
// typed in place of a number; it has no quantity, and is not booked.
const draft = JSON.parse(localStorage.getItem(NAME) || "null") || { key: newKey(), lines: {} };

function keep() {
  draft.key = newKey(); // another content is another count
  if (Object.keys(draft.lines).length) localStorage.setItem(NAME, JSON.stringify(draft));
  else localStorage.removeItem(NAME);
}

/** The counted products: pairs of a number and its line. */
function good() {
  return Object.entries(draft.lines).filter(([, line]) => line.quantity);
}

function nameOf(row) {
  return row.querySelector(".count-name").textContent;
}

function set(row, text) {
  const input = row.querySelector("input");
  if (input.value !== text) input.value = text;
  const quantity = quantityOf(text);
  if (text.trim() === "") delete draft.lines[row.dataset.product];
  else draft.lines[row.dataset.product] = quantity === null ? { name: nameOf(row), text } : { name: nameOf(row), quantity };
  keep();
  mark(row);
  sum();
}

/** Say at the line what is wrong with it, "" for nothing. */
function trouble(row, text) {
  const input = row.querySelector("input");
  const told = row.querySelector(".count-trouble");
  if (told.textContent !== text) told.textContent = text;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

/** Say how the number differs from the book's, or what to type instead of what is there. */
function mark(row) {
  const line = draft.lines[row.dataset.product];
  const told = row.querySelector(".count-difference");
  trouble(row, line?.text ? quantityTrouble(line.text, "counted") : "");
  row.classList.toggle("counted", Boolean(line?.quantity));
  told.className = "count-difference";
  if (!line?.quantity) return void (told.textContent = "");
  if (row.dataset.expected === undefined) return void (told.textContent = "new here");
  const difference = Math.round((Number(line.quantity) - Number(row.dataset.expected)) * 1000) / 1000;
  told.textContent = difference === 0 ? "as expected" : `${tidy(String(Math.abs(difference)))} ${difference < 0 ? "missing" : "more"}`;
  told.classList.add(difference === 0 ? "ok" : "low");
}

function sum() {
  const count = good().length;
  const wrong = Object.keys(draft.lines).length - count;
  const here = list.querySelectorAll(".count-row.counted").length;
  const total = list.children.length;
  const other = count > here ? `, ${count - here} on other pages` : "";
  const parts = [];
  if (count) parts.push(`${here} of ${total} counted${other}`);
  if (wrong) parts.push(`${wrong} ${wrong === 1 ? "number" : "numbers"} to correct`);
  document.getElementById("count-sum").textContent = parts.join(" · ") || "Nothing counted yet";
  book.disabled = !count;
  document.getElementById("count-empty").hidden = total > 0;
}

function rowOf(product) {
  const known = list.querySelector(`[data-product="${product.id}"]`);
  if (known) return known;
  const row = document.getElementById("count-row").content.firstElementChild.cloneNode(true);
  row.dataset.product = product.id;
  row.querySelector(".count-name").textContent = product.name;
  row.querySelector(".count-trouble").id = `trouble-${product.id}`;
  row.querySelector("input").setAttribute("aria-label", `Counted, ${product.name}`);
  row.querySelector("input").setAttribute("aria-describedby", `trouble-${product.id}`);
  row.querySelector('[data-by="-1"]').setAttribute("aria-label", `One less, ${product.name}`);
  row.querySelector('[data-by="1"]').setAttribute("aria-label", `One more, ${product.name}`);
  list.prepend(row);
  sum();
  return row;
}

async function send() {
  const lines = good().map(([product, line]) => ({ product_id: Number(product), quantity: line.quantity }));
  book.setAttribute("aria-busy", "true");
  try {
    await api("POST", "/api/v1/counts", { body: { location_id: location_, lines }, key: draft.key });
    for (const line of lines) delete draft.lines[line.product_id];
    keep(); // what is to be corrected stays
    flashNext(lines.length === 1 ? "1 product counted and booked." : `${lines.length} products counted and booked.`);
    location.reload();
  } catch (error) {
    book.removeAttribute("aria-busy");
    if (error instanceof OfflineError) flash("No connection. The count is kept on this device: book it when the connection is back.", "bad");
    else if (error instanceof ApiError) refused(error, lines);
    else throw error;
  }
}

function refused(error, lines) {
  const told = error.errors.map(({ field, message }) => {
    const line = lines[Number(/^lines\.(\d+)/.exec(field || "")?.[1])];
    if (!line) return message;
    const row = list.querySelector(`[data-product="${line.product_id}"]`);
    if (row) trouble(row, message);
    return `${draft.lines[line.product_id].name}: ${message}`;
  });
  flash(`Not booked: ${told.join(" ") || error.message}`, "bad");
}

list.addEventListener("input", (event) => set(event.target.closest(".count-row"), event.target.value));
list.addEventListener("click", (event) => {
  const row = event.target.closest(".count-row");
  const by = event.target.closest("[data-by]");
  if (by) set(row, stepped(row.querySelector("input").value, Number(by.dataset.by)));
  if (event.target.closest("[data-same]")) set(row, row.dataset.expected);
});
list.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  const inputs = [...list.querySelectorAll("input")];
  (inputs[inputs.indexOf(event.target) + 1] || book).focus();
});
document.getElementById("count-add").addEventListener("click", async () => {
  const product = await picker.choose();
  if (product) rowOf(product).querySelector("input").focus();
});
book.addEventListener("click", send);

const paged = Boolean(document.querySelector(".pager"));
for (const [id, line] of Object.entries(draft.lines)) {
  const row = list.querySelector(`[data-product="${id}"]`) || (paged ? null : rowOf({ id, name: line.name }));
  if (!row) continue;
  const input = row.querySelector("input");
  if (input.value) continue; // typed before this script ran: newer than what was kept
  input.value = line.quantity ?? line.text;
  mark(row);
}
for (const row of list.children) {
  const { value } = row.querySelector("input");
  if (value && !row.matches(".counted, :has([aria-invalid])")) set(row, value);
}
if (Object.keys(draft.lines).length) {
  const told = document.getElementById("count-draft");
  told.textContent = "You had begun to count here: your numbers are still there.";
  told.hidden = false;
}
sum();
