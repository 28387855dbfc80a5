// The photo with its boxes over it: zoomed by pinch, wheel, buttons and keys; boxes are tapped, drawn, and moved by corners.
import { Corners } from "/static/shelf/corners.js";

const SVG = "http://www.w3.org/2000/svg";
const CLOSEST = 4; // pixels of the screen a pixel of the photo
const TAP = 8; // pixels that a finger may slip
const STEP = 1.4;

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}

function rect([left, top, right, bottom], className = "") {
  return shape("rect", { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), class: className });
}

/** The view. Its events: "pick" (detail: a box's key or null), "tapped" (after it), "draw" (a box), "move" ({box, done}). */
export class View extends EventTarget {
  constructor(root, width, height, photo) {
    super();
    Object.assign(this, { root, width, height, scale: 1, x: 0, y: 0, boxes: [], adding: false, picked: false, pointers: new Map(), pinch: null });
    this.sheet = root.querySelector(".shelf-sheet");
    this.image = this.sheet.querySelector("img");
    this.svg = this.sheet.querySelector("svg");
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
    root.style.aspectRatio = `${width} / ${height}`;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.image.src = photo;
    this.corners = new Corners(this);
    for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) root.addEventListener(type, (event) => this[type](event));
    // The last event of a tap: what moved earlier would be clicked by it.
    root.addEventListener("click", () => {
      if (this.picked) this.tell("tapped");
      this.picked = false;
    });
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.fits() ? this.fit() : this.place()).observe(root);
    this.fit();
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // -- where the photo is

  get least() {
    return Math.min(this.root.clientWidth / this.width, this.root.clientHeight / this.height);
  }

  fits() {
    return this.fitted ?? true;
  }

  fit() {
    this.scale = this.least;
    this.place();
  }

  /** Put the photo where it was meant to be, as far as it may go. */
  place() {
    const { clientWidth, clientHeight } = this.root;
    this.scale = Math.min(CLOSEST, Math.max(this.least, this.scale));
    this.fitted = this.scale <= this.least * 1.001;
    const within = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
    this.x = within(this.x, this.width * this.scale, clientWidth);
    this.y = within(this.y, this.height * this.scale, clientHeight);
    this.sheet.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.sheet.style.setProperty("--px", String(1 / this.scale));
    this.root.classList.toggle("close-up", !this.fitted);
    this.corners.place();
  }

  zoom(factor, at = [this.root.clientWidth / 2, this.root.clientHeight / 2]) {
    const scale = Math.min(CLOSEST, Math.max(this.least, this.scale * factor));
    this.x = at[0] - ((at[0] - this.x) * scale) / this.scale;
    this.y = at[1] - ((at[1] - this.y) * scale) / this.scale;
    this.scale = scale;
    this.place();
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.place();
  }

  /** Bring a box into sight; close: so near that its corners can be taken hold of. */
  reveal([left, top, right, bottom], close = false) {
    const room = Math.min(this.root.clientWidth, this.root.clientHeight);
    const size = Math.max(right - left, bottom - top);
    if (close) this.scale = (room * 0.5) / size;
    else if (this.fitted) return;
    this.scale = Math.min(CLOSEST, Math.max(this.least, this.scale));
    const [x, y] = this.toScreen([(left + right) / 2, (top + bottom) / 2]);
    const far = Math.abs(x - this.root.clientWidth / 2) > this.root.clientWidth * 0.35 || Math.abs(y - this.root.clientHeight / 2) > this.root.clientHeight * 0.35;
    if (close || far) this.pan(this.root.clientWidth / 2 - x, this.root.clientHeight / 2 - y);
    else this.place();
  }

  toScreen([x, y]) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  toPhoto([x, y]) {
    const inside = (value, most) => Math.min(most, Math.max(0, value));
    return [inside((x - this.x) / this.scale, this.width), inside((y - this.y) / this.scale, this.height)];
  }

  /** Top and bottom on the screen of what is in sight of a box; null of one that is not. */
  onScreen([left, top, right, bottom]) {
    const frame = this.root.getBoundingClientRect();
    const [[x1, y1], [x2, y2]] = [this.toScreen([left, top]), this.toScreen([right, bottom])];
    if (x2 <= 0 || x1 >= frame.width || y2 <= 0 || y1 >= frame.height) return null;
    return { top: frame.top + Math.max(0, y1), bottom: frame.top + Math.min(frame.height, y2) };
  }

  /** What of the photo is in sight. */
  seen() {
    const [left, top] = this.toPhoto([0, 0]);
    const [right, bottom] = this.toPhoto([this.root.clientWidth, this.root.clientHeight]);
    return [left, top, right, bottom];
  }

  // -- what is over it

  /** Show boxes: {key, box, colour, answer, chosen}; lines that rows stand on; gaps. */
  show(boxes, rows = [], gaps = []) {
    this.boxes = boxes;
    const drawn = boxes.map(({ box, colour, answer, chosen }) => {
      const group = shape("g", { class: [answer, chosen ? "chosen" : ""].join(" ") });
      group.style.setProperty("--colour", colour);
      group.append(rect(box, "halo"), rect(box));
      return group;
    });
    const lines = rows.map(({ base: [[x1, y1], [x2, y2]] }) => shape("line", { x1, y1, x2, y2 }));
    const chosen = drawn.findIndex((_, place) => boxes[place].chosen);
    if (chosen >= 0) drawn.push(...drawn.splice(chosen, 1)); // over all others
    this.svg.replaceChildren(...lines, ...gaps.map((gap) => rect(gap.box, "gap")), ...drawn);
  }

  /** The smallest box at a place of the screen. */
  at(point) {
    const [x, y] = this.toPhoto(point);
    const slack = 4 / this.scale;
    const hit = this.boxes.filter(({ box: [left, top, right, bottom] }) => x >= left - slack && x <= right + slack && y >= top - slack && y <= bottom + slack);
    const area = ({ box: [left, top, right, bottom] }) => (right - left) * (bottom - top);
    return hit.sort((a, b) => area(a) - area(b))[0]?.key ?? null;
  }

  add(on) {
    this.adding = on;
    this.root.classList.toggle("adding", on);
    if (!on) this.svg.querySelector(".drawn")?.remove();
  }

  // -- fingers and mice

  point(event) {
    const { left, top } = this.root.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  pointerdown(event) {
    if (event.button || event.target.closest(".shelf-handle")) return;
    const at = this.point(event);
    this.root.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { from: at, at, moved: false });
    this.pinch = this.pointers.size === 2 ? this.spread() : null;
  }

  spread() {
    const [a, b] = [...this.pointers.values()].map((one) => one.at);
    return { apart: Math.hypot(a[0] - b[0], a[1] - b[1]) || 1, middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
  }

  pointermove(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    const before = pointer.at;
    pointer.at = this.point(event);
    if (Math.hypot(pointer.at[0] - pointer.from[0], pointer.at[1] - pointer.from[1]) > TAP) pointer.moved = true;
    if (this.pinch && this.pointers.size === 2) {
      const now = this.spread();
      for (const one of this.pointers.values()) one.moved = true;
      this.pan(now.middle[0] - this.pinch.middle[0], now.middle[1] - this.pinch.middle[1]);
      this.zoom(now.apart / this.pinch.apart, now.middle);
      this.pinch = now;
    } else if (this.adding && pointer.moved) this.sketch(pointer);
    else if (pointer.moved) this.pan(pointer.at[0] - before[0], pointer.at[1] - before[1]);
  }

  sketch({ from, at }) {
    this.svg.querySelector(".drawn")?.remove();
    this.svg.append(rect(this.between(from, at), "drawn"));
  }

  between(from, at) {
    const [[x1, y1], [x2, y2]] = [this.toPhoto(from), this.toPhoto(at)];
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }

  pointerup(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    this.pinch = null;
    if (!pointer || this.pointers.size) return;
    if (this.adding && pointer.moved) {
      const box = this.between(pointer.from, pointer.at);
      if (Math.min(box[2] - box[0], box[3] - box[1]) * this.scale >= TAP) this.tell("draw", box);
    } else if (!pointer.moved) {
      this.picked = true;
      this.tell("pick", this.at(pointer.at));
    }
  }

  pointercancel(event) {
    this.pointers.delete(event.pointerId);
    this.pinch = null;
  }

  wheel(event) {
    // The page scrolls on over a photo that nobody has turned to.
    if (!event.ctrlKey && !event.metaKey && !this.root.contains(document.activeElement)) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), this.point(event));
  }

  /** Zoom a step, in or out: to the chosen box where it is in sight, else to the middle of what is. */
  step(direction) {
    const chosen = this.boxes.find((one) => one.chosen)?.box;
    const middle = chosen && this.toScreen([(chosen[0] + chosen[2]) / 2, (chosen[1] + chosen[3]) / 2]);
    const there = middle && middle[0] >= 0 && middle[1] >= 0 && middle[0] <= this.root.clientWidth && middle[1] <= this.root.clientHeight;
    this.zoom(direction > 0 ? STEP : 1 / STEP, there ? middle : undefined);
    if (there) this.reveal(chosen);
  }
}
