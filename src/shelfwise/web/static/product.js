// Photos of a product: taken or chosen, sent in groups, and the page shown anew with them.
import { ApiError, OfflineError, api, newKey, wordsOf } from "/static/api.js";
import { flash, flashNext } from "/static/app.js";
import { photoOf } from "/static/scan/photos.js";

const place = document.getElementById("enrol");
const state = document.getElementById("enrol-state");
const inputs = place ? place.querySelectorAll("input[type=file]") : [];

function told(added, errors) {
  const parts = [added === 1 ? "1 photo is added." : `${added} photos are added.`];
  for (const error of errors) parts.push(`${error.name}: ${error.error}.`);
  return parts.join(" ").replaceAll("..", ".");
}

async function sendGroup(files) {
  const form = new FormData();
  for (const file of files) {
    const { blob } = await photoOf(file, "", "");
    form.append("photos", blob, file.name || "photo.jpg");
  }
  const { body } = await api("POST", `/api/v1/products/${place.dataset.product}/photos`, { body: form, key: newKey(), timeout: 300000 });
  return { added: body.new, errors: body.errors.map((one) => ({ name: files[(one.number || 1) - 1]?.name || "A photo", error: one.error })) };
}

async function enrol(files) {
  const most = Number(place.dataset.most);
  inputs.forEach((input) => (input.disabled = true));
  let added = 0;
  const errors = [];
  try {
    for (let start = 0; start < files.length; start += most) {
      state.textContent = files.length === 1 ? "Learning 1 photo…" : `Learning ${files.length} photos…`;
      const group = await sendGroup(files.slice(start, start + most));
      added += group.added;
      errors.push(...group.errors);
    }
    flashNext(told(added, errors), errors.length ? (added ? "info" : "bad") : "");
    location.reload();
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    state.textContent = "";
    const why = wordsOf(error);
    flash(added ? `${told(added, errors)} The rest was not sent: ${why}` : why, "bad");
    inputs.forEach((input) => (input.disabled = false));
  }
}

for (const input of inputs) {
  const chosen = () => {
    const files = [...input.files];
    if (files.length) enrol(files);
    input.value = "";
  };
  input.addEventListener("change", chosen);
  if (input.files.length) chosen(); // somebody was quicker than this script
}
