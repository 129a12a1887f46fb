/* Where a log is kept: in IndexedDB, one database per service, shared by all tabs. */
import { fresh } from "./log.js";

const [STORE, KEY] = ["log", "now"];

export class Kept {
  #database;
  #channel;

  /* `told` is called with the answer another tab had, or undefined, after it changed the log. */
  constructor(base, told) {
    this.name = `sessionlab ${base.pathname}`;
    this.#database = open(this.name);
    this.#channel = new BroadcastChannel(this.name);
    this.#channel.onmessage = ({ data }) => told(data);
  }

  async read() {
    const request = (await this.#database).transaction(STORE).objectStore(STORE).get(KEY);
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result ?? fresh());
      request.onerror = () => reject(request.error);
    });
  }

  /* Reads, alters and writes in one transaction; resolves to the altered log once it is on disk. */
  async change(alter) {
    const transaction = (await this.#database).transaction(STORE, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(STORE);
    return new Promise((resolve, reject) => {
      let log;
      store.get(KEY).onsuccess = ({ target }) => {
        log = target.result ?? fresh();
        alter(log);
        store.put(log, KEY);
      };
      transaction.oncomplete = () => resolve(log);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  tell(answer) {
    this.#channel.postMessage(answer);
  }
}

function open(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
