// Keeps the Scan and Shelf pages and what they are made of at hand, so that they open without a connection.
// Everything is asked of the server first; what is kept serves only when that cannot be reached. The API is never kept.

const FILES = "shelfwise-files";
const PAGES = "shelfwise-pages"; // app.js drops it when somebody signs out
const SHELL = [
  "/static/style.css", "/static/work.css", "/static/icons.svg", "/static/icon.svg", "/static/no-photo.svg", "/static/manifest.webmanifest", "/static/app.js", "/static/api.js",
  "/static/forms.js", "/static/picker.js", "/static/sender.js", "/static/scan.js", "/static/scan/camera.js", "/static/scan/cards.js",
  "/static/scan/kept.js", "/static/scan/photos.js", "/static/scan/queue.js", "/static/shelf.css", "/static/shelf.js", "/static/shelf/kept.js", "/static/shelf/queue.js",
  "/static/shelf/words.js",
];
const KEPT_PAGES = ["/scan", "/shelf"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FILES).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const ours = [FILES, PAGES];
  const old = (names) => Promise.all(names.filter((name) => !ours.includes(name)).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

// From the network, and kept; where there is none, what was kept last.
async function networkFirst(request, name, key) {
  const cache = await caches.open(name);
  try {
    const reply = await fetch(request);
    if (reply.ok && !reply.redirected) await cache.put(key, reply.clone());
    return reply;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

// Other pages cannot be shown without a connection; Scan and Shelf can.
function unreachable() {
  const words = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>No connection</title>"
    + "<link rel=stylesheet href=/static/style.css><body class=plain><main><h1>No connection</h1><p>This page needs the server. "
    + "<a href=/scan>Scan</a> works without it: photos are sent later.</p></main>";
  return new Response(words, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(networkFirst(event.request, FILES, url.pathname));
  } else if (event.request.mode === "navigate") {
    const kept = KEPT_PAGES.includes(url.pathname);
    event.respondWith((kept ? networkFirst(event.request, PAGES, url.pathname) : fetch(event.request)).catch(unreachable));
  }
});
