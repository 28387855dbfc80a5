// Counting a row of the stock list where it stands: the level at one place is set to what is there.
import { ApiError, OfflineError, api, newKey } from "/static/api.js";
import { flash, flashNext, quantityOf, tidy } from "/static/app.js";
import { showErrors } from "/static/forms.js";

const template = document.getElementById("count-form");
const store = document.querySelector('meta[name="store"]').content;
let open = null; // the row of the form, the button that opened it

function close({ focus = true } = {}) {
  if (!open) return;
  open.form.remove();
  open.button.setAttribute("aria-expanded", "false");
  if (focus) open.button.focus();
  open = null;
}

/** What the book expects at each place of a product; the form opens without it where there is no connection. */
async function expectedOf(product) {
  try {
    const { body } = await api("GET", `/api/v1/stock/products/${product}?store=${store}`);
    return new Map(body.locations.map((one) => [String(one.location_id), one.quantity]));
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    return null;
  }
}

function tell(form, expected) {
  const at = form.elements.location_id.value;
  const quantity = expected ? tidy(expected.get(at) ?? "0").replace("-", "−") : "";
  form.querySelector("[data-expected]").textContent = expected ? `The book expects ${quantity} there.` : "";
}

async function show(row, button) {
  const again = open?.button === button;
  close({ focus: false });
  if (again) return button.focus();
  const made = template.content.cloneNode(true).querySelector("tr");
  const form = made.querySelector("form");
  form.setAttribute("aria-label", `Count ${row.dataset.name}`);
  row.after(made);
  open = { form: made, button };
  button.setAttribute("aria-expanded", "true");
  form.elements.quantity.focus();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(row, form);
  });
  form.addEventListener("keydown", (event) => event.key === "Escape" && close());
  form.querySelector("[data-cancel]").addEventListener("click", () => close());
  const expected = await expectedOf(row.dataset.product);
  const places = form.elements.location_id;
  const filtered = document.querySelector(".filters [name=location]")?.value;
  const fullest = expected && [...expected].sort((a, b) => b[1] - a[1])[0];
  if (!filtered && fullest && !form.dataset.chosen) places.value = fullest[0];
  places.addEventListener("change", () => tell(form, expected));
  tell(form, expected);
}

/** The same row as the server shows it now, or null where it is on another page of the list. */
async function rowNow(product) {
  const reply = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
  if (!reply.ok || reply.redirected) return null;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const row = page.querySelector(`tr[data-product="${CSS.escape(product)}"]`);
  return row && document.importNode(row, true);
}

async function save(row, form) {
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-busy") === "true") return;
  const quantity = quantityOf(form.elements.quantity.value);
  if (quantity === null) {
    showErrors(form, { errors: [{ field: "quantity", message: "Give a number of 0 or more, such as 12 or 1.5." }] });
    return;
  }
  const body = { location_id: Number(form.elements.location_id.value), lines: [{ product_id: Number(row.dataset.product), quantity }] };
  if (form.dataset.sent !== JSON.stringify(body)) form.dataset.key = newKey();
  form.dataset.sent = JSON.stringify(body);
  button.setAttribute("aria-busy", "true");
  try {
    await api("POST", "/api/v1/counts", { body, key: form.dataset.key });
  } catch (error) {
    button.removeAttribute("aria-busy");
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    const errors = (error.errors || []).map(({ field, message }) => ({ field: field.replace("lines.0.", ""), message }));
    showErrors(form, { message: error.message, errors });
    return;
  }
  const told = `${row.dataset.name}: ${tidy(quantity)} counted.`;
  const now = await rowNow(row.dataset.product).catch(() => null);
  if (!now) {
    flashNext(told);
    location.reload();
    return;
  }
  close({ focus: false });
  row.replaceWith(now);
  now.querySelector("[data-count]")?.focus({ preventScroll: true });
  flash(told);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-count]");
  if (button) show(button.closest("tr"), button);
});
document.addEventListener("change", (event) => {
  // Somebody chose the place before the answer came: theirs stays.
  if (event.target.id === "row-place") event.target.form.dataset.chosen = "yes";
});
