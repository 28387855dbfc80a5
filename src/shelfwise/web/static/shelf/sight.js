// Where a box is tapped and what it is do not fit on a small screen together: scrolls so that as much as can be is seen.

const KEPT = 56; // pixels of the box that stay in sight
const ROOM = 8;

function edge(selector, side, otherwise) {
  const bar = document.querySelector(selector);
  return bar?.offsetHeight ? bar.getBoundingClientRect()[side] : otherwise;
}

/**
 * Scroll to a panel below the photo, without hiding all of the box that it is about.
 *
 * box: {top, bottom} of it on the screen; null where the photo does not show it.
 */
export function bringUp(panel, box) {
  const top = edge(".top", "bottom", 0) + ROOM;
  const bottom = Math.min(edge("#shelf-bar", "top", innerHeight), innerHeight) - ROOM;
  const there = panel.getBoundingClientRect();
  const hidden = box ? box.bottom - Math.min(KEPT, box.bottom - box.top) - top : Infinity;
  const most = Math.min(there.top - top, hidden);
  const by = Math.min(Math.max(0, there.bottom - bottom), most);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (by) scrollBy({ top: by, behavior: still ? "auto" : "smooth" });
}
