// Home: a store that needs no places is not asked for them again in this browser. The server reads it from the cookie.
const NAME = "shelfwise_no_places"; // the stores' numbers: 1-3

const card = document.querySelector("[data-no-places]");
card.querySelector("[data-not-needed]").addEventListener("click", () => {
  const kept = document.cookie.split("; ").find((one) => one.startsWith(`${NAME}=`))?.slice(NAME.length + 1) || "";
  const stores = new Set([...kept.split("-"), card.dataset.noPlaces].filter((one) => /^\d+$/.test(one)));
  document.cookie = `${NAME}=${[...stores].join("-")}; path=/; max-age=31536000; samesite=lax`;
  card.remove();
  document.getElementById("content").focus();
});
