// The four corners of a box, to be dragged or moved by arrow keys.

const CORNERS = [
  { words: "Top left", x: 0, y: 1 },
  { words: "Top right", x: 2, y: 1 },
  { words: "Bottom right", x: 2, y: 3 },
  { words: "Bottom left", x: 0, y: 3 },
];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 4; // pixels of the screen
const REST = 500; // milliseconds after which keys have moved it

export class Corners {
  constructor(view) {
    this.view = view;
    this.box = null;
    this.buttons = CORNERS.map((corner) => this.button(corner));
  }

  button(corner) {
    const node = document.createElement("button");
    node.type = "button";
    node.className = "shelf-handle";
    node.setAttribute("aria-label", `${corner.words} corner of the box: move it with the arrow keys`);
    node.addEventListener("pointerdown", (event) => this.grab(event, node));
    node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && this.drag(event, corner));
    node.addEventListener("pointerup", () => this.rest());
    node.addEventListener("keydown", (event) => this.key(event, corner));
    node.addEventListener("blur", () => this.moved && this.rest());
    return node;
  }

  /** Show the corners of a box, or with null none. */
  show(box) {
    if (!box) this.buttons.forEach((node) => node.remove());
    else if (!this.buttons[0].isConnected) this.view.root.append(...this.buttons);
    this.box = box ? [...box] : null;
    this.place();
  }

  get shown() {
    return this.box !== null;
  }

  focus() {
    this.buttons[0].focus({ preventScroll: true });
  }

  place() {
    if (!this.box) return;
    CORNERS.forEach(({ x, y }, place) => {
      const [left, top] = this.view.toScreen([this.box[x], this.box[y]]);
      this.buttons[place].style.left = `${left}px`;
      this.buttons[place].style.top = `${top}px`;
    });
  }

  grab(event, node) {
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
  }

  drag(event, corner) {
    this.put(corner, this.view.toPhoto(this.view.point(event)));
  }

  key(event, corner) {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    event.stopPropagation();
    const step = Math.max(1, Math.round((event.shiftKey ? 5 : 1) * (STEP / this.view.scale)));
    this.put(corner, [this.box[corner.x] + arrow[0] * step, this.box[corner.y] + arrow[1] * step]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), REST);
  }

  /** Move a corner, never over the opposite one or out of the photo. */
  put({ x, y }, [toX, toY]) {
    const least = Math.max(2, 6 / this.view.scale);
    const limit = (place, value, most) => {
      const other = this.box[(place + 2) % 4];
      return place < 2 ? Math.min(other - least, Math.max(0, value)) : Math.max(other + least, Math.min(most, value));
    };
    this.box[x] = limit(x, toX, this.view.width);
    this.box[y] = limit(y, toY, this.view.height);
    this.moved = true;
    this.place();
    this.view.tell("move", { box: [...this.box], done: false });
  }

  rest() {
    clearTimeout(this.timer);
    if (!this.moved) return;
    this.moved = false;
    this.view.tell("move", { box: this.box.map((edge) => Math.round(edge * 10) / 10), done: true });
  }
}
