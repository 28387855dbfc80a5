// A dialog that finds a product by its name or number, or makes a new one. Used by Scan and by Count.
import { ApiError, OfflineError, api, newKey, wordsOf } from "/static/api.js";
import { el } from "/static/app.js";
import { jsonOf, showErrors } from "/static/forms.js";

const PAUSE = 200;

/** Choose a product. The dialog is the macro `product_picker` of picker.html. */
export class Picker {
  constructor(dialog) {
    this.dialog = dialog;
    this.search = dialog.querySelector("[data-search]");
    this.list = dialog.querySelector("[data-found]");
    this.told = dialog.querySelector("[data-told]");
    this.form = dialog.querySelector("form[data-new-product]"); // only managers have it
    this.fold = this.form?.closest("details");
    this.asked = 0;
    this.resolve = null;
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(), PAUSE);
    });
    // A field for searches takes the first Esc to empty itself; here it closes the dialog, as everywhere else.
    this.search.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.dialog.close();
    });
    this.search.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.find();
    });
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.make();
    });
    this.fold?.addEventListener("toggle", () => {
      const name = this.form.elements.name;
      if (this.fold.open && !name.value) name.value = /^\d{8,14}$/.test(this.search.value.trim()) ? "" : this.search.value.trim();
      if (this.fold.open) name.focus();
    });
    dialog.addEventListener("close", () => this.settle(null));
  }

  /** Open it; gives {id, name, made} or null.
   *
   * query: words to begin with; category: of a new product; name: of a new product, whose form is then open at once;
   * first: products that stand first as long as nothing is typed
   */
  choose({ query = "", category = "", name = "", first = [] } = {}) {
    this.first = first;
    this.search.value = query;
    this.list.replaceChildren();
    this.told.textContent = "";
    if (this.form) {
      this.form.reset();
      this.form.elements.category.value = category;
      this.form.elements.name.value = name;
      this.key = newKey();
      this.fold.open = Boolean(name);
    }
    this.dialog.showModal();
    (name && this.form ? this.form.elements.name : this.search).focus();
    this.find();
    return new Promise((resolve) => (this.resolve = resolve));
  }

  settle(product) {
    const resolve = this.resolve;
    this.resolve = null;
    if (this.dialog.open) this.dialog.close();
    resolve?.(product);
  }

  async find() {
    const asked = ++this.asked;
    const query = this.search.value.trim();
    try {
      const { body } = await api("GET", `/api/v1/products?limit=20&query=${encodeURIComponent(query)}`);
      const others = body.items.filter((one) => query || !this.first.some((early) => early.id === one.id));
      if (asked === this.asked) this.show(query ? others : [...this.first, ...others], query);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      if (asked === this.asked) this.told.textContent = wordsOf(error);
    }
  }

  show(products, query) {
    this.list.replaceChildren(
      ...products.map((product) =>
        el("li", {}, el("button", { type: "button", class: "choice", onclick: () => this.settle({ id: product.id, name: product.name, unit: product.unit }) },
          el("span", { class: "choice-name" }, product.name),
          el("span", { class: "muted" }, [product.category, product.gtin].filter(Boolean).join(" · ")))),
      ),
    );
    const count = products.length === 20 ? "The first 20 products" : products.length === 1 ? "1 product" : `${products.length} products`;
    this.told.textContent = products.length || !query ? (products.length ? count : "No products yet.") : `No product is called “${query}”.`;
  }

  async make() {
    const button = this.form.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    const content = jsonOf(this.form);
    if (this.sent !== JSON.stringify(content)) this.key = newKey();
    this.sent = JSON.stringify(content);
    try {
      const { body } = await api("POST", "/api/v1/products", { body: content, key: this.key });
      this.settle({ id: body.id, name: body.name, unit: body.unit, category: body.category, made: true });
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
      showErrors(this.form, error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

