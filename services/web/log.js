/* What this device holds of one session: the operations that wait to be acknowledged, and what was promised.
   Functions that alter a log; each is one transaction in database.js.

   {device, since, next, sent, most, pending: [{sequence, operation, ...}], promise, shared, aside, turn}
   promise: {openedAt, until, at: {container, boot}, version, visits, items: {id: {name, quantity}}}, or null where
   no session is open; an item whose removal was acknowledged is null. What is acknowledged leaves `pending` and
   becomes a promise. Pending up to `sent` may have arrived: it went out, and no answer came. `aside` are
   operations that are not sent any more, with `why`; `turn` tells an answer from before a promise changed. */

const MOST = 100; // operations in an upload, by the contract

export function fresh() {
  const numbers = { device: random(20), since: 0, next: 1, sent: 0, most: MOST };
  return { ...numbers, pending: [], promise: null, shared: false, aside: [], turn: 0 };
}

export function record(log, operation) {
  log.pending.push({ sequence: log.next, ...operation });
  log.next += 1;
}

/* A session to send to from now on. What waits goes there, under a new device id: its numbers start anew. */
export function begin(log, session, by, shared = false) {
  renumber(log, session.version);
  const { opened_at: openedAt } = session;
  const { version, visits, items } = session;
  log.turn += 1;
  Object.assign(log, { shared, promise: { openedAt, at: by, version, visits, items: { ...items } } });
  see(log, session);
}

/* Another device's session. Where it is this device's own, come back to by that way, it may have what waits already. */
export function join(log, session, by) {
  if (log.promise?.openedAt === session.opened_at) doubt(log, "it was sent, and may have been counted already");
  begin(log, session, by, true);
}

/* The session was closed: nothing is promised any more. */
export function end(log) {
  renumber(log, 0);
  Object.assign(log, { promise: null, shared: false, turn: log.turn + 1 });
}

/* The next upload. From now on it is in doubt, until there is an answer. */
export function send(log) {
  const operations = log.pending.slice(0, log.most);
  log.sent = Math.max(log.sent, operations.at(-1).sequence);
  return { device: log.device, since: log.since, operations };
}

export function acknowledge(log, acknowledged, by) {
  const { promise, pending } = log;
  log.most = MOST;
  log.turn += 1;
  for (const operation of pending) if (operation.sequence <= acknowledged) keep(promise, operation);
  log.pending = pending.filter(({ sequence }) => sequence > acknowledged);
  promise.at = by;
}

/* The service showed the session as promised. What it shows of one that others change too, it is held to. */
export function see(log, { version, visits, items, idle_expires_at: until }) {
  Object.assign(log.promise, { version, until }, log.shared ? { visits, items: { ...items } } : {});
}

/* The service will never take this operation, so that none behind it was taken either: they may move up. */
export function refuse(log, refused, why) {
  const behind = log.pending.filter(({ sequence }) => sequence > refused.sequence);
  log.aside.push({ ...refused, why });
  log.pending = log.pending.filter(({ sequence }) => sequence < refused.sequence);
  log.next = refused.sequence;
  log.sent = Math.min(log.sent, refused.sequence - 1);
  behind.forEach(({ sequence, ...operation }) => record(log, operation));
}

/* The service no longer knows what it has of this device. */
export function forget(log, version) {
  doubt(log, "it was sent, and may have been counted: the service has forgotten this device");
  renumber(log, version);
}

export function random(length) {
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => (byte % 36).toString(36)).join("");
}

/* Before what waits is sent once more under another id: items can be put and removed twice, but a visit that may
   have been counted cannot be counted again. */
function doubt(log, why) {
  const doubtful = ({ sequence, operation }) => operation === "visit" && sequence <= log.sent;
  log.aside.push(...log.pending.filter(doubtful).map((operation) => ({ ...operation, why })));
  log.pending = log.pending.filter((operation) => !doubtful(operation));
}

function renumber(log, since) {
  const { pending } = log;
  Object.assign(log, { device: random(20), since, next: 1, sent: 0, pending: [] });
  pending.forEach(({ sequence, ...operation }) => record(log, operation));
}

function keep(promise, { operation, id, name, quantity }) {
  if (operation === "visit") promise.visits += 1;
  if (operation === "put") promise.items[id] = { name, quantity };
  if (operation === "remove") promise.items[id] = null;
}
