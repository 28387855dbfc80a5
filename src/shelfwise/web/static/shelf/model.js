// A shelf photo as this device knows it: what the server said last, and what was changed here since.

// Colours that people with any colour vision tell apart (Okabe and Ito), as in the marked-out pictures.
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"];
const GREY = "#8c8c8c";

/** A category's last level, written as people do. */
export function readable(category) {
  const last = (category || "").split("/").pop().replaceAll(/[-_]+/g, " ").trim();
  return last ? last[0].toUpperCase() + last.slice(1) : "";
}

export class Shelf {
  constructor() {
    this.body = null;
    this.colours = new Map(); // a category keeps its colour as long as the page is open
    this.only = new Map(); // of a category, the only product that the stock book has
    this.made = new Map(); // what the model said of boxes whose name was changed here
  }

  /** Take what the server says, with changes on top that it does not know yet. */
  take(body, changes = []) {
    this.body = body;
    for (const { category, product } of body.counts.categories) {
      this.colourOf(category);
      if (product) this.only.set(category, product);
      else this.only.delete(category);
    }
    this.apply(changes);
  }

  get boxes() {
    return this.body.boxes.filter((box) => !box.removed);
  }

  box(key) {
    return this.body.boxes.find((box) => box.key === key);
  }

  colourOf(category) {
    if (!category) return GREY;
    if (!this.colours.has(category)) this.colours.set(category, COLOURS[this.colours.size % COLOURS.length]);
    return this.colours.get(category);
  }

  colour(box) {
    return box.answer === "unknown" ? GREY : this.colourOf(box.category);
  }

  /** What a box is, in short. */
  nameOf(box) {
    if (box.answer === "unknown") return box.verdict ? "Unknown product" : "Not known";
    return box.product?.name || readable(box.category) || "Not known";
  }

  /** Where a box is, in words; one that was just added has its place once the server has it. */
  placeOf(box) {
    if (!box.row) return "New box";
    return `Row ${box.row}, place ${box.position}${box.level > 1 ? `, level ${box.level}` : ""}`;
  }

  stateOf(box) {
    if (box.answer === "ask") return "to check";
    if (box.answer === "unknown") return box.verdict ? "" : "to name";
    return box.product ? "" : "no product chosen";
  }

  /** Whether a person should look at it. */
  open(box) {
    return !box.removed && (box.answer === "ask" || (box.answer === "unknown" && !box.verdict));
  }

  /** Whether it counts in its category, and its product has to be chosen to book it. */
  unbooked(box) {
    return !box.removed && box.answer === "accept" && !box.product && !this.only.has(box.category);
  }

  /** The boxes beside this one that look the same, or are taken for the same product. */
  beside(key) {
    const run = this.body.runs.find((one) => one.product && one.keys.includes(key));
    const group = this.body.alike.find((keys) => keys.includes(key));
    const keys = new Set([...(group || []), ...(run ? run.keys : [])]);
    return [...keys].filter((one) => one !== key && this.box(one) && !this.box(one).removed);
  }

  /** Those of them that nobody has named. */
  unnamed(key) {
    return this.beside(key).filter((one) => !this.box(one).verdict);
  }

  /** Those that a person is speaking of as well: of a box that was named, the ones that were named the same. */
  meant(key) {
    const { verdict, product, category } = this.box(key);
    if (!verdict) return this.unnamed(key);
    return this.beside(key).map((one) => this.box(one))
      .filter((one) => one.verdict && one.answer === this.box(key).answer && one.product?.id === product?.id && one.category === category)
      .map((one) => one.key);
  }

  /** What names another box as this one is named. */
  nameFrom(key) {
    const { product, category } = this.box(key);
    return product ? { product: { ...product, category } } : { category };
  }

  /** Make changes here; the server is told by somebody else. Gives the changes that take them back. */
  apply(changes) {
    const back = changes.map((change) => this.change(change)).reverse();
    if (changes.length) this.count();
    return back;
  }

  change(change) {
    let box = this.box(change.key);
    if (!box) {
      box = { key: change.key, box: change.box, score: null, answer: "unknown", product: null, category: null, confidence: null, candidates: [], verdict: null, moved: false, removed: false, row: null, position: null, level: null };
      this.body.boxes.push(box);
      this.rename(box, change);
      return { key: box.key, removed: true };
    }
    const back = { key: box.key };
    if (change.box) {
      back.box = box.box;
      Object.assign(box, { box: change.box, moved: true });
    }
    if (change.removed !== undefined && change.removed !== box.removed) {
      back.removed = box.removed;
      box.removed = change.removed;
    }
    if (change.verdict) Object.assign(back, this.saidOf(box)), this.rename(box, change);
    return back;
  }

  /** The change that says what is said of a box now. */
  saidOf({ verdict, product, category }) {
    if (verdict !== "corrected") return { verdict: verdict || "open" };
    return product ? { verdict, product } : { verdict, category };
  }

  rename(box, { verdict, product, category }) {
    if (!verdict) return;
    if (!box.verdict && !this.made.has(box.key)) this.made.set(box.key, { answer: box.answer, product: box.product, category: box.category });
    const said = {
      confirmed: { answer: "accept", product: box.product, category: box.category },
      corrected: { answer: "accept", product: product || null, category: product ? product.category || box.category : category },
      unknown: { answer: "unknown", product: null, category: null },
      open: this.made.get(box.key) || { answer: "ask", product: box.product, category: box.category },
    }[verdict];
    Object.assign(box, said, { verdict: verdict === "open" ? null : verdict });
  }

  /** Count anew, as the server will when it has the changes. */
  count() {
    const products = new Map();
    const categories = new Map();
    const boxes = this.boxes;
    const length = (some) => some.reduce((sum, { box: [left, , right], level }) => sum + (level > 1 ? 0 : right - left), 0);
    for (const box of boxes) {
      if (box.answer !== "accept") continue;
      categories.set(box.category, [...(categories.get(box.category) || []), box]);
      if (!box.product) continue;
      const line = products.get(box.product.id) || { product: box.product, category: box.category, facings: 0 };
      products.set(box.product.id, { ...line, facings: line.facings + 1 });
    }
    const most = (a, b) => b.facings - a.facings;
    this.body.counts = {
      facings: boxes.length,
      products: [...products.values()].sort(most),
      categories: [...categories].map(([category, some]) => ({ category, facings: some.length, share: some.length / boxes.length, linear: length(some) / (length(boxes) || 1), product: this.only.get(category) || null })).sort(most),
      asked: boxes.filter((box) => box.answer === "ask").length,
      unknown: boxes.filter((box) => box.answer === "unknown").length,
    };
  }
}

/** A change as the API takes it. */
export function sent({ product, ...change }) {
  return product ? { ...change, product_id: product.id } : change;
}
