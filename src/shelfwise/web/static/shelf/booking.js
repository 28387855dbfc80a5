// The dialog that books the counts as a stock-take: what the book has now, what it would have, in one step.
import { ApiError, OfflineError, api, meta, newKey, wordsOf } from "/static/api.js";
import { el, flash, quantityOf, tidy } from "/static/app.js";
import { showErrors } from "/static/forms.js";

const PAUSE = 250;

function difference(line) {
  const by = Math.round((Number(line.quantity) - Number(line.expected)) * 1000) / 1000;
  if (by === 0) return { words: "as expected", state: "ok" };
  return { words: `${tidy(String(Math.abs(by)))} ${by < 0 ? "less" : "more"}`, state: "low" };
}

export class Booking {
  constructor(dialog, path, booked) {
    Object.assign(this, { dialog, path, booked, plan: null, depths: new Map(), key: newKey(), asked: 0 });
    this.form = dialog.querySelector("form");
    this.lines = dialog.querySelector("#take-lines");
    this.form.elements.location_id.addEventListener("change", () => {
      this.recall();
      this.ask();
    });
    this.form.elements.depth.addEventListener("change", () => this.ask());
    this.form.elements.depth.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), PAUSE);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  open() {
    this.depths.clear();
    this.key = newKey();
    this.form.elements.rest.checked = false;
    this.recall();
    this.dialog.showModal();
    this.ask();
  }

  /** Where this device keeps how deep the chosen place is. */
  get name() {
    return `shelfwise.depth.${meta("user")}.${this.form.elements.location_id.value}`;
  }

  /** Begin with what was typed when the place was counted last. */
  recall() {
    const kept = JSON.parse(localStorage.getItem(this.name) || "null");
    if (!kept) return;
    this.form.elements.depth.value = kept.depth;
    this.depths = new Map(kept.depths);
  }

  get depth() {
    const depth = quantityOf(this.form.elements.depth.value);
    return Number(depth) > 0 ? depth : null;
  }

  async ask() {
    const asked = ++this.asked;
    this.wrongDepth(this.depth ? "" : "Type how many stand behind each facing, such as 4; 1: nothing stands behind it.");
    this.trouble("");
    if (!this.depth) return;
    try {
      const { body } = await api("GET", `${this.path}/stock-take?location=${this.form.elements.location_id.value}&depth=${this.depth}`);
      if (asked === this.asked) this.show(body);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      if (asked === this.asked) this.trouble(error instanceof OfflineError ? "No connection: the counts can be booked when it is back." : wordsOf(error));
    }
  }

  wrongDepth(text) {
    this.form.querySelector('[data-error-for="depth"]').textContent = text;
    this.form.elements.depth.setAttribute("aria-invalid", String(Boolean(text)));
  }

  /** Say what is in the way of booking, nothing where nothing is but what was typed. */
  trouble(text) {
    const wrong = this.lines.querySelector('.deep[aria-invalid="true"]');
    const told = text || (wrong ? `${wrong.dataset.product}: type how many stand behind each facing, such as 4.` : "");
    this.form.querySelector("[data-form-error]").textContent = told;
    this.form.querySelector("[type=submit]").disabled = Boolean(told) || !this.depth || !this.plan?.lines.length;
  }

  show(plan) {
    this.plan = plan;
    const head = el("tr", {}, ["Product", "Facings", "Deep", "Book has", "Will be", "Difference"].map((text, place) => el("th", { scope: "col", class: place ? "number" : "" }, text)));
    const rows = plan.lines.map((line) => this.row(line));
    this.lines.replaceChildren(plan.lines.length
      ? el("div", { class: "table-wrap", tabIndex: 0, role: "region", "aria-label": "Counts" }, el("table", { class: "table cards" }, el("caption", { class: "hidden" }, "What is booked"), el("thead", {}, head), el("tbody", {}, rows)))
      : el("p", {}, "No facing has a product that is sure. Say first which products these are."));
    this.left(plan);
    this.trouble("");
  }

  row(line) {
    const own = this.depths.get(line.product.id);
    const depth = el("input", { class: "deep", inputMode: "decimal", autocomplete: "off", value: own ?? tidy(line.depth), "data-product": line.product.name, "aria-label": `Units behind each facing, ${line.product.name}` });
    const will = el("td", { class: "number", "data-label": "Will be" });
    const differs = el("td", { "data-label": "Difference" });
    const tell = () => {
      const typed = quantityOf(depth.value);
      const good = Number(typed) > 0;
      depth.setAttribute("aria-invalid", String(!good));
      line.quantity = good ? String(Math.round(line.facings * Number(typed) * 1000) / 1000) : line.quantity;
      const { words, state } = difference(line);
      will.textContent = `${tidy(line.quantity)}${line.unit === "piece" ? "" : ` ${line.unit}`}`;
      differs.textContent = words;
      differs.className = `number ${state}`;
    };
    depth.addEventListener("input", () => {
      this.depths.set(line.product.id, depth.value);
      this.key = newKey();
      tell();
      this.trouble("");
    });
    tell();
    return el("tr", {}, el("th", { scope: "row" }, line.product.name), el("td", { class: "number", "data-label": "Facings" }, String(line.facings)),
      el("td", { class: "number", "data-label": "Deep" }, depth), el("td", { class: "number", "data-label": "Book has" }, tidy(line.expected)), will, differs);
  }

  left({ asked, unknown, unseen }) {
    const parts = [];
    if (asked) parts.push(`${asked} to check`);
    if (unknown) parts.push(`${unknown} of no known product`);
    const count = asked + unknown;
    const warning = this.dialog.querySelector("#take-left");
    warning.hidden = !count;
    warning.textContent = count ? `${count} ${count === 1 ? "facing is" : "facings are"} not named (${parts.join(", ")}) and may be more of these products. What is booked replaces what the book has: products with facings left out are booked too low.` : "";
    this.form.querySelector("[type=submit]").textContent = count ? "Book anyway" : "Book";
    const rest = this.dialog.querySelector("#take-rest");
    rest.hidden = !unseen.length;
    const names = unseen.slice(0, 4).map((one) => `${one.product.name} (${tidy(one.expected)})`).join(", ");
    rest.querySelector("label").textContent = `Nothing is left of what the book has here and nobody sees: ${names}${unseen.length > 4 ? ` and ${unseen.length - 4} more` : ""}. Set it to 0.`;
  }

  async send() {
    const button = this.form.querySelector("[type=submit]");
    const there = new Set(this.plan.lines.map(({ product }) => product.id));
    const depths = [...this.depths].filter(([product]) => there.has(product)).map(([product_id, depth]) => ({ product_id, depth: quantityOf(depth) }));
    const body = { location_id: Number(this.form.elements.location_id.value), depth: this.depth, depths, rest: this.form.elements.rest.checked };
    const content = JSON.stringify([body, this.plan.version]);
    if (this.sent !== content) this.key = newKey();
    this.sent = content;
    button.setAttribute("aria-busy", "true");
    try {
      const { body: reply } = await api("POST", `${this.path}/stock-take`, { body, key: this.key, headers: { "If-Match": `"v${this.plan.version}"` } });
      localStorage.setItem(this.name, JSON.stringify({ depth: this.form.elements.depth.value, depths: [...this.depths] }));
      this.dialog.close();
      const count = reply.movements.length;
      flash(`Booked: ${count} ${count === 1 ? "product" : "products"} counted.`);
      this.booked(reply);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      showErrors(this.form, error);
      if (error.status === 412) this.ask();
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
