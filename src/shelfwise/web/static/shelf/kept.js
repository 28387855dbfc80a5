// Shelf photos that the server does not have yet, in the browser's own database.
//
// photos: {id, owner, store, place, name, blob, added, set, part, shelf, error, final}
//   id is the idempotency key; photos of one set are parts of one shelf, from the left; shelf: its number once it is sent,
//   blob is gone then; error: why it was refused, or could not be put together with the other one; final: whether it
//   would be again

const NAME = "shelfwise-shelf";
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("photos", { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

async function change(work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("photos", "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore("photos"));
  });
}

/** Somebody's own photos that wait, oldest first. */
export async function waitingPhotos(owner) {
  const database = await open();
  const all = await new Promise((resolve, reject) => {
    const asked = database.transaction("photos").objectStore("photos").getAll();
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return all.filter((one) => one.owner === owner).sort((a, b) => a.added - b.added || a.part - b.part);
}

export function keepPhotos(photos) {
  return change((store) => photos.forEach((photo) => store.put(photo)));
}

/** Change a photo, unless it was removed meanwhile, here or in another tab; whether it is still there. */
export async function changePhoto(id, values) {
  let there = false;
  await change((store) => {
    const asked = store.get(id);
    asked.onsuccess = () => {
      there = Boolean(asked.result);
      if (there) store.put({ ...asked.result, ...values });
    };
  });
  return there;
}

export function dropPhotos(ids) {
  return change((store) => ids.forEach((id) => store.delete(id)));
}
