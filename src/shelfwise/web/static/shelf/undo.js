// What takes back the changes of a shelf photo. This tab keeps it, also when the page is left or loaded again.
import { meta } from "/static/api.js";

const MOST = 200;

export class Undo {
  constructor(id) {
    this.name = `shelfwise.undo.${meta("user")}.${id}`;
    this.steps = JSON.parse(sessionStorage.getItem(this.name) || "[]");
  }

  get possible() {
    return this.steps.length > 0;
  }

  push(changes) {
    this.steps = [...this.steps, changes].slice(-MOST);
    this.keep();
  }

  /** The changes that take back the last ones; undefined where there are none. */
  pop() {
    const back = this.steps.pop();
    this.keep();
    return back;
  }

  clear() {
    this.steps = [];
    this.keep();
  }

  keep() {
    try {
      sessionStorage.setItem(this.name, JSON.stringify(this.steps));
    } catch {
      sessionStorage.removeItem(this.name); // no room: as long as the page is open, they are there
    }
  }
}
