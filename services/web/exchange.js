/* One exchange between the log and its service: uploads what waits, or looks. One tab at a time. */
import { broken } from "./cart.js";
import { acknowledge, begin, end, forget, join, refuse, see, send } from "./log.js";
import { ask, inDoubt, isProblem, reason } from "./service.js";

const WAITING = { ok: false, status: 0, body: { title: "Still open", detail: "what waits here must be sent first" } };

/* Resolves to the service's answer; its body is the session where there is one. */
export function exchange(base, kept) {
  return alone(kept.name, async () => {
    const answer = await answered(base, kept);
    const log = await kept.change((one) => {
      one.turn += 1;
      if (one.promise && answer.body.version && !broken(one, answer.body)) see(one, answer.body);
    });
    answer.turn = log.turn;
    kept.tell(answer);
    return answer;
  });
}

/* Opens a session, or joins another device's by its link; what waits on this device goes there. */
export function open(base, kept, link) {
  return alone(kept.name, () => opened(base, kept, link));
}

/* Takes the session as it is now for what was promised; what waits on this device goes there. */
export function accept(base, kept) {
  return alone(kept.name, async () => {
    const answer = await ask(base, "GET", "session");
    if (answer.ok) await kept.change((log) => begin(log, answer.body, answer.by, log.shared));
    return answer;
  });
}

/* A code with which one other device joins; from then on what is different may be that device's doing. */
export function link(base, kept) {
  return alone(kept.name, async () => {
    const answer = await ask(base, "POST", "session/link", {});
    if (answer.ok) await kept.change((log) => { log.shared = true; });
    return answer;
  });
}

export function close(base, kept) {
  return alone(kept.name, async () => {
    if ((await kept.read()).pending.length) return WAITING;
    const answer = await ask(base, "DELETE", "session");
    if (answer.ok) await kept.change(end);
    return answer;
  });
}

/* Where there are no locks (not a secure origin) two uploads at once are still applied once: by their numbers. */
function alone(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

async function opened(base, kept, link) {
  const answer = await ask(base, "POST", "session", link ? { link } : {});
  if (answer.ok) await kept.change((log) => (link ? join : begin)(log, answer.body, answer.by));
  return answer;
}

/* The first session opens by itself. A second never does: where replicas keep state apart, another one may
   still know the first, and a new cookie would cut this browser off from it. */
async function answered(base, kept) {
  const { promise, pending } = await kept.read();
  if (!pending.length) return ask(base, "GET", promise ? "session" : "readyz"); // A 401 would say nothing new.
  const answer = promise ? null : await opened(base, kept);
  return answer && !answer.ok ? answer : upload(base, kept);
}

async function upload(base, kept) {
  const { sent } = await kept.read();
  let body;
  await kept.change((log) => { body = send(log); });
  const answer = await ask(base, "POST", "session/sync", body);
  if (answer.ok) {
    await kept.change((log) => acknowledge(log, answer.body.acknowledged, answer.by));
    return { ...answer, body: answer.body.session };
  }
  if (!inDoubt(answer)) await kept.change((log) => { log.sent = sent; });
  return refused(base, kept, answer, body.operations);
}

async function refused(base, kept, answer, operations) {
  const forgotten = isProblem(answer, "device-forgotten");
  const gap = isProblem(answer, "sequence-gap");
  const never = [413, 422].includes(answer.status);
  if (!forgotten && !gap && !never) return answer;
  if (never) await setAside(kept, answer, operations);
  const seen = await ask(base, "GET", "session");
  if (!seen.ok) return seen;
  if (forgotten) await kept.change((log) => forget(log, seen.body.version));
  return gap ? { ...seen, expected: answer.body.expected } : seen;
}

/* An upload is taken whole or not at all: in ever smaller ones the operation that is in the way shows itself. */
async function setAside(kept, answer, operations) {
  await kept.change((log) => {
    if (operations.length > 1) log.most = Math.ceil(operations.length / 2);
    else refuse(log, operations[0], reason(answer));
  });
}
