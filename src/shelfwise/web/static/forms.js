// Sends every <form data-api="METHOD /path"> and <button data-api="METHOD /path">; see the attributes at `send`.
import { ApiError, OfflineError, api, newKey, wordsOf } from "/static/api.js";
import { confirmed, flash, flashNext } from "/static/app.js";

const NUMBER = new Set(["int", "number"]);

// "lines.0.quantity" = value puts a value into {lines: [{quantity: value}]}.
function put(target, path, value) {
  const parts = path.split(".");
  let at = target;
  parts.forEach((part, index) => {
    if (index === parts.length - 1) {
      at[part] = value;
    } else {
      if (at[part] === undefined) at[part] = /^\d+$/.test(parts[index + 1]) ? [] : {};
      at = at[part];
    }
  });
}

function valueOf(input, method) {
  if (input.type === "checkbox") return input.checked;
  if (input.value === "") {
    const empty = input.dataset.empty || (method === "PATCH" ? "null" : "omit");
    return empty === "null" ? null : empty === "keep" ? "" : undefined;
  }
  if (NUMBER.has(input.dataset.type)) return Number(input.value);
  if (input.dataset.type === "boolean") return input.value === "true";
  if (input.dataset.type === "json") return JSON.parse(input.value);
  if (input.type === "datetime-local") return new Date(input.value).toISOString();
  if (input.inputMode === "decimal") return input.value.trim().replace(",", ".").replace("−", "-");
  return input.value;
}

/** The form's fields as JSON. Names with dots nest; a name that ends in [] collects the checked boxes' values. */
export function jsonOf(form, method = "POST") {
  const result = {};
  for (const input of form.elements) {
    if (!input.name || input.disabled || input.type === "submit" || input.type === "file") continue;
    if (input.type === "radio" && !input.checked) continue;
    if (input.name.endsWith("[]")) {
      const name = input.name.slice(0, -2);
      result[name] ??= [];
      if (input.type !== "checkbox" || input.checked) result[name].push(NUMBER.has(input.dataset.type) ? Number(input.value) : input.value);
      continue;
    }
    const value = valueOf(input, method);
    if (value !== undefined) put(result, input.name, value);
  }
  return result;
}

function clearErrors(form) {
  form.querySelectorAll("[data-error-for]").forEach((place) => (place.textContent = ""));
  form.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  const all = form.querySelector("[data-form-error]");
  if (all) all.textContent = "";
}

/** Put the server's errors at their fields; what has no field goes to the form's own place. */
export function showErrors(form, error) {
  const left = [];
  let first = null;
  for (const { field, message } of error.errors || []) {
    const name = String(field || "").replace(/^body\./, "");
    const input = form.elements.namedItem(name) || form.elements.namedItem(`${name}[]`);
    const place = form.querySelector(`[data-error-for="${CSS.escape(name)}"]`);
    const one = input instanceof RadioNodeList ? input[0] : input;
    if (one && place && one.type !== "hidden") {
      place.textContent = message;
      one.setAttribute("aria-invalid", "true");
      first ??= one;
    } else {
      left.push(message);
    }
  }
  if (!error.errors?.length) left.push(error.message);
  const all = form.querySelector("[data-form-error]");
  if (left.length && all) all.textContent = left.join(" ");
  else if (left.length) flash(left.join(" "), "bad");
  (first || (left.length ? null : all))?.focus();
}

// "/products/{id}" with the answer's own values.
function filled(template, reply) {
  return template.replace(/\{([\w.]+)\}/g, (_, path) => {
    const value = path.split(".").reduce((at, part) => at?.[part], reply);
    return encodeURIComponent(value ?? "");
  });
}

function keyOf(element, content) {
  // The same content sent again is the same write: it keeps its key until the server has taken it.
  if (element.dataset.sentContent !== content) {
    element.dataset.sentContent = content;
    element.dataset.sentKey = newKey();
  }
  return element.dataset.sentKey;
}

function after(element, reply) {
  delete element.dataset.sentContent;
  const done = element.dataset.done;
  const event = new CustomEvent("shelfwise:done", { bubbles: true, cancelable: true, detail: { reply } });
  if (!element.dispatchEvent(event)) return;
  if (element.dataset.next === "") {
    if (done) flash(filled(done, reply));
    element.closest("dialog")?.close();
    return;
  }
  if (done) flashNext(decodeURIComponent(filled(done, reply)));
  if (element.dataset.next) location.assign(filled(element.dataset.next, reply));
  else location.reload();
}

/** Send one form or button.
 *
 * data-api      "POST /api/v1/products"
 * data-next     address to go to after it, {id} from the answer; "" stays; without it the page is loaded again
 * data-done     words to show after it, {name} from the answer
 * data-confirm  a question to ask first
 * data-if-match the ETag that was read
 * data-body     JSON: a button's content, or what is added to a form's
 * data-multipart  the form goes as multipart/form-data (files)
 * data-query    names of fields that go to the address instead of the content, separated by spaces
 */
async function send(element, button) {
  const form = element instanceof HTMLFormElement ? element : null;
  if (button.getAttribute("aria-busy") === "true") return;
  if (element.dataset.confirm && !(await confirmed(element.dataset.confirm, button.textContent.trim()))) return;
  if (form) clearErrors(form);
  const [method, target] = element.dataset.api.split(" ");
  const url = new URL(target, location.href);
  let body = { ...(form ? jsonOf(form, method) : {}), ...JSON.parse(element.dataset.body || "{}") };
  for (const name of (element.dataset.query || "").split(" ").filter(Boolean)) {
    if (body[name] !== undefined && body[name] !== null) url.searchParams.set(name, body[name]);
    delete body[name];
  }
  let key;
  if (form && "multipart" in form.dataset) {
    body = new FormData(form);
    for (const name of (element.dataset.query || "").split(" ").filter(Boolean)) body.delete(name);
    const parts = [...body].map(([name, value]) => [name, value.size === undefined ? value : [value.name, value.size, value.lastModified]]);
    key = keyOf(element, url.href + JSON.stringify(parts));
  } else {
    key = keyOf(element, url.href + JSON.stringify(body));
  }
  const headers = element.dataset.ifMatch ? { "If-Match": `"${element.dataset.ifMatch.replaceAll('"', "")}"` } : {};
  button.setAttribute("aria-busy", "true");
  try {
    const { body: reply } = await api(method, url.pathname + url.search, { body, key, headers, timeout: 300000 });
    after(element, reply);
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    if (error.status === 412) error.message += " Load the page again to see what changed.";
    if (form) showErrors(form, error);
    else flash(wordsOf(error), "bad");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  send(form, event.submitter || form.querySelector("[type=submit]") || form);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-api]");
  if (!button) return;
  event.preventDefault();
  send(button, button);
});
