// Autosave: every open document is in IndexedDB a moment after each change, flushed to the disk, and is opened again
// after a crash. A window owns its documents by a lock; those of windows that are gone are adopted by the next one.

import { newId } from './ids';

export interface Entry {
  id: string;
  window: string;
  name: string;
  text: string;
  unsaved: boolean;
  active: boolean;
  order: number;
  /** See Tab.base. */
  base?: string;
  /** The job that the tab shows, to be picked up again. */
  job?: string;
  time: number;
}

const STORE = 'documents';
let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('heddle', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no database'));
  });
  return opened;
}

async function inStore(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest | void): Promise<unknown> {
  const db = await database();
  return new Promise((resolve, reject) => {
    // strict: the transaction is over when the bytes are on the disk, and a killed browser loses nothing.
    const transaction = db.transaction(STORE, mode, { durability: 'strict' });
    const request = use(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = () => reject(transaction.error ?? new Error('not stored'));
    transaction.onabort = () => reject(transaction.error ?? new Error('not stored'));
  });
}

export async function writeEntries(entries: Entry[]): Promise<void> {
  await inStore('readwrite', (store) => entries.forEach((entry) => store.put(entry)));
}

export async function removeEntry(id: string): Promise<void> {
  await inStore('readwrite', (store) => store.delete(id));
}

function ownWindow(): string {
  try {
    const known = sessionStorage.getItem('heddle.window');
    if (known) return known;
    const fresh = newId();
    sessionStorage.setItem('heddle.window', fresh);
    return fresh;
  } catch {
    return newId();
  }
}

let windowId = ownWindow();

const lockName = (id: string): string => `heddle.window.${id}`;

/** Takes the lock of this window for as long as the page lives; a duplicated window gets an id of its own. */
async function holdLock(): Promise<void> {
  if (!('locks' in navigator)) return;
  const isFree = await new Promise<boolean>((resolve) => {
    void navigator.locks.request(lockName(windowId), { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
  if (isFree) return;
  windowId = newId();
  sessionStorage.setItem('heddle.window', windowId);
  await holdLock();
}

async function livingWindows(): Promise<Set<string>> {
  if (!('locks' in navigator)) return new Set();
  const { held = [] } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name ?? ''));
}

/** What this window had open, and what windows that ended left behind. */
export async function restoreEntries(): Promise<Entry[]> {
  await holdLock();
  const all = (await inStore('readonly', (store) => store.getAll())) as Entry[];
  const living = await livingWindows();
  const mine = all.filter((entry) => entry.window === windowId || ('locks' in navigator && !living.has(lockName(entry.window))));
  return mine.sort((a, b) => a.order - b.order || a.time - b.time);
}

export const currentWindow = (): string => windowId;
