/* A cart in three versions: as it waits on this device, as it was promised, as the service says now. Pure. */

/* Whether this session is less than, or other than, what was promised. Where other devices write too, what is
   different at a later version is theirs. */
export function broken({ promise, shared }, session) {
  if (session.version < promise.version || session.visits < promise.visits) return true;
  if (shared && session.version > promise.version) return false;
  return rows({ promise, pending: [] }, true, session).some(({ wrong }) => wrong);
}

/* {id, name, waiting, promised, now, back, wrong, here}; a value is undefined where there is none, null if not
   known; `waiting` is the change that is not yet acknowledged; `here`: in the cart as this device has it. */
export function rows({ promise, pending }, known, session) {
  const last = Object.fromEntries(pending.filter(({ id }) => id).map((operation) => [operation.id, operation]));
  const named = { ...promise?.items, ...puts(pending) };
  const cart = Object.keys({ ...named, ...session?.items, ...last }).map((id) => {
    const [was, is, next] = [at(promise?.items, id), at(session?.items, id), at(last, id)];
    const same = was ? was.quantity === is?.quantity && was.name === is.name : !is;
    return {
      id,
      name: (next?.name ? next : is ?? at(named, id))?.name,
      waiting: next && (next.quantity ?? "remove"),
      promised: was?.quantity,
      now: known ? is?.quantity : null,
      back: was === null,
      wrong: Boolean(known && was !== undefined && !same),
      here: next ? next.operation === "put" : Boolean(is ?? (known ? null : was)),
    };
  });
  return [...cart.filter(({ name }) => name), ...visitsRow(promise, visitsIn(pending), known, session)];
}

/* What was promised and is not there: "tea (2), jam (now 1, not 3), 5 of 5 visits". */
export function missing(table) {
  return table.filter(({ wrong }) => wrong).map(({ id, name, promised, now, back }) => {
    if (!id) return `${promised - (now ?? 0)} of ${promised} visits`;
    if (back) return `the removal of ${name}`;
    return now === undefined ? `${name} (${promised})` : `${name} (now ${now}, not ${promised})`;
  }).join(", ");
}

/* What waits on this device: "tea (2), removal of jam, 3 visits". */
export function waiting({ promise, pending }) {
  const named = { ...promise?.items, ...puts(pending) };
  const items = pending.filter(({ id }) => id).map(({ operation, id, name, quantity }) => (
    operation === "put" ? `${name} (${quantity})` : `the removal of ${at(named, id)?.name ?? "an item"}`));
  const visits = visitsIn(pending);
  return [...items, ...(visits ? [`${visits} visit${visits > 1 ? "s" : ""}`] : [])].join(", ");
}

function visitsRow(promise, counted, known, session) {
  if (!promise && !counted) return [];
  const now = known ? session?.visits : promise ? null : undefined;
  const wrong = Boolean(known && promise && (now ?? 0) < promise.visits);
  return [{ name: "visits", waiting: counted ? `+${counted}` : undefined, promised: promise?.visits, now, wrong }];
}

/* An id may be any word, also one that every object has by itself, such as "constructor". */
function at(items, id) {
  return items && Object.hasOwn(items, id) ? items[id] : undefined;
}

function puts(pending) {
  return Object.fromEntries(pending.filter(({ name }) => name).map((operation) => [operation.id, operation]));
}

function visitsIn(pending) {
  return pending.filter(({ operation }) => operation === "visit").length;
}
