// From files, the clipboard and the camera to photos that are small enough to keep and to send.
import { newKey } from "/static/api.js";

const LONGEST_SIDE = 1600;
const SMALL_ENOUGH = 1 << 20;

/** The photo to send: a big one is made smaller where the browser can read it, else it goes as it is. */
async function smaller(file) {
  if (file.size <= SMALL_ENOUGH || typeof createImageBitmap !== "function") return file;
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file; // HEIC, for one: the server reads it
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const made = await drawn(picture, Math.round(picture.width * scale), Math.round(picture.height * scale));
  picture.close();
  return made && made.size < file.size ? made : file;
}

/** A picture or a video's moment as a JPEG. */
export function drawn(source, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(source, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}

/** What of a drop or a paste are pictures. */
export function picturesIn(transfer) {
  return [...(transfer?.files || [])].filter((file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name));
}

let last = 0;

export async function photoOf(file, owner, store) {
  last = Math.max(last + 1, Date.now()); // photos chosen together keep their order
  const added = last;
  const blob = await smaller(file);
  return {
    id: newKey(), owner, store, name: file.name || "photo.jpg", blob, added, state: "new", answer: null, product: null,
    quantity: "1", job: null, error: "",
  };
}
