// What somebody may do: the roles of all stores are one field of the form; who is admin needs none.

function gather(rights) {
  const admin = rights.querySelector("[data-admin]").checked;
  const roles = {};
  for (const select of rights.querySelectorAll("[data-role-of]")) {
    select.disabled = admin;
    if (select.value) roles[select.dataset.roleOf] = select.value;
  }
  const told = rights.querySelector("[data-no-role]");
  const words = admin || Object.keys(roles).length ? "" : "Without a role they can sign in, but see and do nothing until they get one.";
  if (told && told.textContent !== words) told.textContent = words;
  const field = rights.querySelector("input[name=roles]");
  // A role in a store that is archived stays.
  field.value = JSON.stringify({ ...JSON.parse(field.dataset.others || "{}"), ...roles });
}

for (const rights of document.querySelectorAll("[data-rights]")) {
  gather(rights);
  rights.addEventListener("change", () => gather(rights));
}
