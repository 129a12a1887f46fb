/* What this browser was promised by a service: only what it acknowledged. Kept in localStorage, so that
   it outlives the page; null where no session is open.

   {openedAt, until, at: {container, boot}, version, visits, items: {id: {name, quantity}}}; an item
   whose removal was acknowledged is null. */
const PREFIX = "sessionlab promised ";

export class Promised {
  constructor(base) {
    this.key = PREFIX + base.pathname;
  }

  read() {
    return JSON.parse(localStorage.getItem(this.key) ?? "null");
  }

  write(promise) {
    localStorage.setItem(this.key, JSON.stringify(promise));
  }

  begin({ opened_at: openedAt, idle_expires_at: until, version }, at) {
    this.write({ openedAt, until, at, version, visits: 0, items: {} });
  }

  /* Does nothing where another tab has closed the session in the meantime. */
  change(alter) {
    const promise = this.read();
    if (!promise) return;
    alter(promise);
    this.write(promise);
  }
}
