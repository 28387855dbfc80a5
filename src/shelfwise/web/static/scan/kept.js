// What a scan must not lose: photos and bookings in the browser's own database, until the server has taken them.
//
// photos: {id, owner, store, name, blob, added, state, answer, product, quantity, job, error}
//   state "new" (not answered yet), "answered", "bad" (the server cannot read it); job: the booking it goes with
// jobs: {id, owner, store, made, method, path, body, label, photos, verdicts}   id is the idempotency key

const NAME = "shelfwise-scan";
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("photos", { keyPath: "id" });
      asked.result.createObjectStore("jobs", { keyPath: "id" });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

/** One transaction over both stores; done when it is on the disk. */
async function change(work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(["photos", "jobs"], "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore("photos"), transaction.objectStore("jobs"));
  });
}

async function all(name) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const asked = database.transaction(name).objectStore(name).getAll();
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** Somebody's own photos, oldest first. */
export async function photosOf(owner) {
  return (await all("photos")).filter((one) => one.owner === owner).sort((a, b) => a.added - b.added);
}

/** Somebody's own bookings that wait to be sent, in their order. */
export async function jobsOf(owner) {
  return (await all("jobs")).filter((one) => one.owner === owner).sort((a, b) => a.made - b.made);
}

export function keepPhoto(photo) {
  return change((photos) => photos.put(photo));
}

export function dropPhoto(id) {
  return change((photos) => photos.delete(id));
}

/** A booking and its photos at once: either both are kept or neither. */
export function keepJob(job, itsPhotos) {
  return change((photos, jobs) => {
    jobs.put(job);
    for (const photo of itsPhotos) photos.put({ ...photo, job: job.id });
  });
}

/** The server has it: the booking goes, with its photos, and what follows from it is kept instead. */
export function finishJob(job, following) {
  return change((photos, jobs) => {
    jobs.delete(job.id);
    for (const id of job.photos) photos.delete(id);
    for (const one of following) jobs.put(one);
  });
}

/** The server refused it: the booking goes, and its photos are to be mended. */
export function releaseJob(job, itsPhotos) {
  return change((photos, jobs) => {
    jobs.delete(job.id);
    for (const photo of itsPhotos) photos.put({ ...photo, job: null });
  });
}

/** Ask the browser not to throw it away when the disk gets full. */
export function askToStay() {
  navigator.storage?.persist?.().catch(() => {});
}
