/* What an answer says about a promise, in words that claim no more than the answers show. Pure. */
import { reason } from "./service.js";

const WHERE = {
  "writable-layer": "in the container's writable layer",
  "volume": "on a volume",
  "bind": "in a directory of the host",
  "network": "on a file server",
  "tmpfs": "in the container's memory (tmpfs)",
  "process-memory": "in the process's memory",
  "client": "on this device, sealed in a cookie",
  "redis": "in Redis",
};
const EACH_ITS_OWN = ["writable-layer", "process-memory", "tmpfs"];
const OUTSIDE = ["client", "redis", "network"];

export const short = (id) => `${id.slice(0, 4)}…`;

export function whereabouts({ kind, path, filesystem, source, dies_with: end }) {
  const spot = path ? `: ${path} (${filesystem})` : source ? `: ${source}` : "";
  return `Its bytes are ${WHERE[kind] ?? kind}${spot}; they die with ${end}.`;
}

/* {tone, text, rows}; tone is one of none, kept, lost, unavailable, ended. `promise` may be null;
   `answers` are the latest {container}, this answer's included. */
export function judge(promise, answer, placement, answers) {
  const { status, ok, body } = answer;
  const say = (tone, text, session) => ({ tone, text, rows: promise ? rows(promise, tone, session) : [] });
  if (!ok && status !== 401) {
    const stands = promise ? " What was promised is not forgotten." : "";
    return say("unavailable", `${reason(answer)}${stands}`);
  }
  if (!promise) return say("none", "No session is open. Your first item or visit opens one.");
  const why = () => cause(promise.at, answer.by, placement, answers);
  if (status === 401) {
    const end = ending(promise, body);
    return end ? say("ended", end) : say("lost", `The service ${refusal(body)}. ${why()}`);
  }
  if (body.opened_at !== promise.openedAt) return say("ended", "This browser has since opened another session here.");
  const differing = rows(promise, "kept", body).filter(({ wrong }) => wrong).length;
  if (!differing) return say("kept", "All that was promised is there.", body);
  const versions = `it is at version ${body.version}, promised was ${promise.version}`;
  return say("lost", `The service knows this session, but not all it promised: ${versions}. ${why()}`, body);
}

/* Words for a session that is over without a broken promise; undefined if it is not. */
function ending({ until }, { type = "", detail = "" }) {
  if (/session-(expired|ended)$/.test(type)) return `The service says: ${detail}.`;
  if (Date.parse(until) < Date.now()) return "The session's time was up.";
  if (/no session cookie/.test(detail)) return "This browser no longer has the session's cookie.";
}

function refusal({ type = "", detail }) {
  return type.endsWith("credential-invalid") ? `refuses this session: ${detail}` : "no longer knows this session";
}

function cause(at, by, placement, answers) {
  if (!by || !placement) return "";
  const { kind } = placement;
  if (OUTSIDE.includes(kind)) return whereabouts(placement);
  if (by.container !== at.container) {
    const who = inTurn(by, at, answers) ? "Another replica" : "Another container";
    const own = EACH_ITS_OWN.includes(kind) ? ` Each has its own copy, ${WHERE[kind]}.` : ` ${whereabouts(placement)}`;
    return `${who} answered (${short(by.container)}, was ${short(at.container)}).${own}`;
  }
  if (by.boot === at.boot) return "The same process answered as before.";
  return `The process was restarted (${short(by.boot)}, was ${short(at.boot)}) in the same container.`;
}

/* Both are alive: the one that gave the promise has answered again after the other first did. */
function inTurn(by, at, answers) {
  const first = answers.findIndex(({ container }) => container === by.container);
  return answers.slice(first).some(({ container }) => container === at.container);
}

/* {id, name, promised, now, back, wrong}; a value is undefined where there is none, null if not known. */
function rows(promise, tone, session) {
  const known = tone === "kept" || tone === "lost";
  const now = (value) => (known ? value : null);
  const cart = Object.keys({ ...promise.items, ...session?.items }).map((id) => {
    const [was, is] = [promise.items[id], session?.items[id]];
    const same = was ? was.quantity === is?.quantity && was.name === is.name : !is;
    const wrong = known && id in promise.items && !same;
    return { id, name: (is ?? was)?.name, promised: was?.quantity, now: now(is?.quantity), back: was === null, wrong };
  });
  const fewer = known && (session?.visits ?? 0) < promise.visits;
  const visits = { name: "visits", promised: promise.visits, now: now(session?.visits), wrong: fewer };
  return [...cart.filter(({ name }) => name), visits];
}
