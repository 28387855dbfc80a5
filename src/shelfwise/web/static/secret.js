// Shows what the server tells only once: a token's secret, a link that somebody sets their password with.
import { flash } from "/static/app.js";

const dialog = document.getElementById("secret");
const value = dialog.querySelector("#secret-value");
const copied = dialog.querySelector("[data-copied]");

function untilOf(reply) {
  const at = new Date(reply.expires_at ?? "");
  if (Number.isNaN(at.getTime())) return "";
  return `It works once, until ${new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(at)}.`;
}

document.addEventListener("shelfwise:done", (event) => {
  const reply = event.detail.reply;
  if (!reply || (!("link" in reply) && !("secret" in reply))) return;
  event.preventDefault();
  event.target.closest("dialog")?.close();
  const told = reply.link ?? reply.secret;
  if (!told) {
    flash("It was made already, and is shown only once. Make a new one.", "bad");
    return;
  }
  const link = "link" in reply;
  dialog.querySelector("h2").textContent = link ? `Link for ${reply.user.name}` : `Token “${reply.token.name}”`;
  dialog.querySelector("#secret-text").textContent = link
    ? "Copy it and hand it over: whoever opens it sets the password. It is shown only now."
    : "Copy it into the program that needs it. It is shown only now.";
  dialog.querySelector("#secret-until").textContent = link ? untilOf(reply) : "";
  value.textContent = told;
  copied.textContent = "";
  dialog.showModal();
  dialog.querySelector("[data-copy]").focus();
});

dialog.querySelector("[data-copy]").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(value.textContent);
    copied.textContent = "Copied.";
  } catch {
    // Over plain http a page may not write to the clipboard: it is selected, and copied by hand.
    getSelection().selectAllChildren(value);
    copied.textContent = "It is selected: copy it with Ctrl+C, or press and hold it.";
  }
});

dialog.addEventListener("close", () => {
  value.textContent = "";
  location.reload();
});
