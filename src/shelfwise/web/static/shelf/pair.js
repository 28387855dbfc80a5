// On a shelf photo's own page: putting it together with the other one that it was taken with goes on here as well.
import { meta } from "/static/api.js";
import { el } from "/static/app.js";
import { Queue } from "/static/shelf/queue.js";

/** Send what waits on this device, and tell at a place what becomes of this photo. */
export function goOnJoining(place, shelf) {
  const queue = new Queue(meta("user"));
  let own = null; // the set that this photo is of
  const tell = (...words) => {
    place.replaceChildren(...words);
    place.hidden = !words.length;
  };
  queue.addEventListener("state", () => {
    const set = queue.sets().find((one) => one.length > 1 && one.some((photo) => photo.shelf === shelf));
    if (!set && !own) return;
    if (!set) return tell();
    own = set[0].set;
    const other = set.find((photo) => photo.shelf !== shelf);
    const { error } = set.find((photo) => photo.error) || {};
    tell(el("span", {}, error ? `It was not put together with “${other.name}”. ${error} ` : `It is to be put together with “${other.name}”: that is done once both have been looked at. `,
      el("a", { href: "/shelf" }, "All that is on its way")));
  });
  const done = ({ detail }) => {
    if (detail.set !== own) return;
    own = null; // what is told now stays
    tell(el("span", {}, "It was put together with the other photo: ", el("a", { href: `/shelf/${detail.shelf}` }, `shelf photo ${detail.shelf}`), " shows both."));
  };
  for (const event of ["sent", "elsewhere"]) queue.addEventListener(event, done);
  queue.read().then(() => queue.photos.length && queue.start());
}
