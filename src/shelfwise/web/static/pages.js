// What the pages of the stock share: dialogs that are filled from the button that opens them, printing, the time zone.

// Days in filters are the reader's own: the server reads the zone from this cookie.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `shelfwise_zone=${zone}; path=/; max-age=31536000; samesite=lax`;

/** Fill a dialog's form before it opens.
 *
 * data-form-api  the form's data-api
 * data-form-tag  its data-if-match: the ETag of what it changes
 * data-values    JSON: values by the names of fields
 * data-title     the dialog's heading
 */
function fill(button) {
  const dialog = document.getElementById(button.dataset.open);
  const form = dialog?.querySelector("form[data-api]");
  if (!form) return;
  form.querySelectorAll("[data-error-for], [data-form-error]").forEach((place) => (place.textContent = ""));
  form.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  if (button.dataset.formApi) form.dataset.api = button.dataset.formApi;
  if (button.dataset.formTag) form.dataset.ifMatch = button.dataset.formTag;
  if (button.dataset.title) dialog.querySelector("h2").textContent = button.dataset.title;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.values || "{}"))) {
    const input = form.elements.namedItem(name);
    if (input) input.value = value;
  }
  // After it is open: what is to be typed comes first.
  setTimeout(() => {
    const first = [...form.elements].find((input) => input.matches("input:not([type=hidden]), textarea"));
    first?.focus();
    first?.select?.();
  });
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("button[data-open]");
  if (opener) fill(opener);
  if (event.target.closest("[data-print]")) print();
});
