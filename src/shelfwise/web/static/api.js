// Talks to the server: JSON in and out, the token against forged requests, one key per write, errors as ApiError.

export class ApiError extends Error {
  constructor(status, problem, retryAfter = 0) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.errors = problem.errors || [];
    this.retryAfter = retryAfter;
  }
}

// The server could not be reached: nothing is known about what it did, so the same key has to be used again.
export class OfflineError extends Error {
  constructor() {
    super("The server cannot be reached. Check the connection and try again: nothing is booked twice.");
  }
}

/** What an error says to people: without the fields' names, which its message has for programs. */
export function wordsOf(error) {
  return [...new Set((error.errors || []).map((one) => one.message))].join(" ") || error.message;
}

export function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.content || "";
}

// A random key. crypto.randomUUID is missing where a page comes over plain http, so the bytes are drawn here.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

let ahead = 0; // how far the server's clock is ahead of this device's, in milliseconds

/** The time by the server's clock, as far as it is known: a device's own may be wrong. */
export function serverTime() {
  return new Date(Date.now() + ahead);
}

function compareClocks(reply) {
  const told = Date.parse(reply.headers.get("Date") || "");
  if (Number.isNaN(told)) return;
  const difference = told - Date.now();
  // The header has whole seconds; less than two is no difference.
  ahead = Math.abs(difference) < 2000 ? 0 : difference;
}

async function request(method, path, { body, key, headers = {}, timeout = 60000 } = {}) {
  const all = { Accept: "application/json", ...headers };
  if (method !== "GET") {
    all["X-CSRF-Token"] = meta("csrf");
    all["Idempotency-Key"] = key || newKey();
  }
  let content = body;
  if (body !== undefined && !(body instanceof FormData)) {
    all["Content-Type"] = "application/json";
    content = JSON.stringify(body);
  }
  const options = { method, headers: all, body: content, credentials: "same-origin", signal: AbortSignal.timeout(timeout) };
  try {
    const reply = await fetch(path, options);
    compareClocks(reply);
    return reply;
  } catch {
    throw new OfflineError();
  }
}

// A page that was kept for use without a connection may carry the token of a session that has ended since.
async function freshToken() {
  const page = await fetch(location.pathname, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (!page || !page.ok || page.redirected) return false;
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector('meta[name="csrf"]')?.content;
  if (!fresh || fresh === meta("csrf")) return false;
  document.querySelector('meta[name="csrf"]').content = fresh;
  return true;
}

async function problemOf(reply) {
  try {
    const problem = await reply.json();
    return typeof problem === "object" && problem ? problem : {};
  } catch {
    return {};
  }
}

/** Send one request; gives {status, body, etag}. Throws ApiError or OfflineError. */
export async function api(method, path, options = {}) {
  const sent = { ...options, key: options.key || newKey() };
  let reply = await request(method, path, sent);
  if (reply.status === 403 && method !== "GET" && (await freshToken())) reply = await request(method, path, sent);
  if ([502, 504].includes(reply.status)) throw new OfflineError();
  if (!reply.ok) {
    const problem = await problemOf(reply);
    if (reply.status === 401) problem.detail = "You are signed out. Sign in again in another tab, then try once more.";
    throw new ApiError(reply.status, problem, Number(reply.headers.get("Retry-After")) || 0);
  }
  const isJson = (reply.headers.get("Content-Type") || "").includes("json");
  return { status: reply.status, body: reply.status !== 204 && isJson ? await reply.json() : null, etag: reply.headers.get("ETag") };
}
