// What is said of shelf photos in more than one place.

/** How far looking at a photo is, as the server tells it. */
export function lookingWords(progress) {
  if (progress?.ahead) return `${progress.ahead} ${progress.ahead === 1 ? "photo" : "photos"} before this one.`;
  return progress?.total ? `Naming the products: ${progress.done} of ${progress.total}.` : "Finding the products…";
}

/** Show on a bar how far it is. */
export function fillBar(bar, progress) {
  if (progress?.total) Object.assign(bar, { max: progress.total, value: progress.done });
  else bar.removeAttribute("value");
}

/** A reason as it is kept, as a sentence: with a capital letter and a full stop. */
export function sentence(text) {
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

/** A sentence of the server's, with shelf photos called as people see them here. names: by number. */
export function calling(text, names) {
  return sentence(text.replace(/shelf photo (\d+)\b/gi, (whole, number) => names.get(Number(number)) ?? whole));
}
