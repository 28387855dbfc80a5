// Models: an upload that shows how far it is, and a change to another model that is followed to its end.
import { ApiError, OfflineError, api, meta, newKey } from "/static/api.js";
import { flashNext } from "/static/app.js";
import { showErrors } from "/static/forms.js";

const PAUSE = 1000;
const form = document.getElementById("upload-form");
const progress = form.querySelector(".upload-progress");
const words = form.querySelector("[data-upload-words]");
let sending = null;
let key = null;

function tell(part, text) {
  progress.hidden = false;
  progress.querySelector("progress").value = part;
  words.textContent = text;
}

// fetch tells nothing of how much was sent, so this is the older way.
function send(file) {
  return new Promise((resolve, reject) => {
    const request = (sending = new XMLHttpRequest());
    const body = new FormData();
    body.append("file", file);
    request.open("POST", "/api/v1/models");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", meta("csrf"));
    request.setRequestHeader("Idempotency-Key", key);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      const part = event.loaded / event.total;
      tell(part, part < 1 ? `${Math.floor(part * 100)} % uploaded` : "Uploaded. It is being checked…");
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(request.response);
      else reject(new ApiError(request.status, request.response || {}));
    });
    request.addEventListener("error", () => reject(new OfflineError()));
    request.addEventListener("abort", () => resolve(null));
    request.send(body);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending) return;
  const button = form.querySelector("[type=submit]");
  form.querySelectorAll("[data-error-for], [data-form-error]").forEach((place) => (place.textContent = ""));
  button.setAttribute("aria-busy", "true");
  key ??= newKey();
  tell(0, "0 % uploaded");
  try {
    const model = await send(form.elements.file.files[0]);
    if (!model) return;
    flashNext(`${model.name} is here. Try it in the shadow, or switch to it.`);
    location.reload();
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    showErrors(form, error);
  } finally {
    sending = null;
    progress.hidden = true;
    button.removeAttribute("aria-busy");
  }
});
form.elements.file.addEventListener("change", () => (key = null)); // another file is another write
form.closest("dialog").addEventListener("close", () => sending?.abort());

const card = document.querySelector("[data-switch]");

async function follow() {
  const { body } = await api("GET", "/api/v1/models");
  const change = body.switch;
  const running = change && ["loading", "learning"].includes(change.stage);
  if (!running && (body.ready || body.problem)) {
    location.reload();
    return;
  }
  if (card && change?.stage === "learning") {
    card.querySelector("[data-switch-words]").textContent = `It learns your products by sight: ${change.done} of ${change.total} photos`;
    const bar = card.querySelector("[data-switch-progress]");
    bar.max = change.total || 1;
    bar.value = change.done;
  }
  setTimeout(watch, PAUSE);
}

function watch() {
  follow().catch((error) => {
    if (!(error instanceof ApiError || error instanceof OfflineError)) throw error;
    setTimeout(watch, 5 * PAUSE);
  });
}

if (["loading", "learning"].includes(card?.dataset.switch) || document.querySelector("[data-loading]")) setTimeout(watch, PAUSE);
