// Where a box is tapped and what it is do not fit on a small screen together: scrolls so that as much as can be is seen.

const KEPT = 96; // pixels of the box that stay in sight
const ROOM = 8;

function edge(selector, side, otherwise) {
  const bar = document.querySelector(selector);
  return bar?.offsetHeight ? bar.getBoundingClientRect()[side] : otherwise;
}

/** Where the part of the screen begins that nothing stands over: below the bar, and below what is being told. */
function head() {
  const bar = edge(".top", "bottom", 0);
  const told = document.querySelector(".flashes:not(:empty)");
  return told ? Math.max(bar, parseFloat(getComputedStyle(told).top) + told.offsetHeight) : bar;
}

/**
 * Scroll to a panel below the photo, without hiding all of the box that it is about.
 *
 * box: {top, bottom} of it on the screen; null where the photo does not show it.
 */
export function bringUp(panel, box) {
  const top = head() + ROOM;
  const bottom = Math.min(edge("#shelf-bar", "top", innerHeight), innerHeight) - ROOM;
  const there = panel.getBoundingClientRect();
  const hidden = box ? box.bottom - Math.min(KEPT, box.bottom - box.top) - top : Infinity;
  const most = Math.min(there.top - top, hidden);
  const by = Math.min(Math.max(0, there.bottom - bottom), most);
  scroll(by);
}

/** Scroll so that all of the photo is in sight, where it is not. */
export function bringDown(photo) {
  const top = head() + ROOM;
  const bottom = edge("#shelf-bar", "top", innerHeight) - ROOM;
  const there = photo.getBoundingClientRect();
  if (there.top < top) scroll(there.top - top);
  else if (there.bottom > bottom) scroll(Math.min(there.top - top, there.bottom - bottom));
}

function scroll(by) {
  // At once: on its way the page can be stopped by the next tap, or by what is shown meanwhile, with the box out of sight.
  if (by) scrollBy({ top: by, behavior: "instant" });
}
