/* What an answer says about a promise, in words that claim no more than the answers show. Pure. */
import { broken, missing, rows, waiting } from "./cart.js";
import { inWords, whereabouts } from "./layers.js";
import { isProblem, reason } from "./service.js";

const OWN = { "writable-layer": "writable layer", "process-memory": "memory", "tmpfs": "tmpfs" };
const OUTSIDE = ["client", "redis", "network"];
const [ROUNDS, SPARE] = [2, 2]; // of the new containers, and answers more, until the old one is believed to be gone

export const short = (id) => `${id.slice(0, 4)}…`;

/* {tone, text, rows, lost, waiting, rest, undecided}; tone is one of none, kept, lost, unavailable, ended. `answer` is
   null before the first; `places` are the placements by boot; `heard` are the containers of the latest answers to
   anything, this one's included. */
export function judge(log, answer, places, heard) {
  const { promise } = log;
  const why = promise && answer ? cause(promise.at, answer, places, heard) : { text: "" };
  const say = (tone, text, session) => {
    const table = rows(log, ["kept", "lost"].includes(tone), session);
    const lost = tone === "lost" ? missing(table) : "";
    return { tone, text, rows: table, lost, waiting: waiting(log), rest: Boolean(session), undecided: why.undecided };
  };
  if (!answer) return say("none", "Asking the service …");
  const { status, ok, body } = answer;
  if (!ok && status !== 401) {
    return say("unavailable", `${reason(answer)}${promise ? " What was promised is not forgotten." : ""}`);
  }
  if (!promise) return say("none", "No session is open. Your first item or visit opens one.");
  if (status === 401) {
    const end = ending(promise, answer);
    return end ? say("ended", end) : say("lost", `The service ${refusal(body)}. ${why.text}`);
  }
  if (body.opened_at !== promise.openedAt) return say("ended", "This browser has since opened another session here.");
  if (answer.expected) {
    const older = `its state is older than what it acknowledged to this device: it expects operation ${answer.expected} again`;
    return say("lost", `The service knows this session, but ${older}. ${why.text}`, body);
  }
  if (!broken(log, body)) return say("kept", "All that was promised is there.", body);
  const versions = `it is at version ${body.version}, promised was ${promise.version}`;
  return say("lost", `The service knows this session, but not all it promised: ${versions}. ${why.text}`, body);
}

/* How it stands with what this device sends: [words, tone]. */
export function standing({ pending, promise }, answer) {
  const wait = pending.length ? `pending ${pending.length}` : "";
  const cut = answer && !answer.ok && answer.status !== 401;
  if (cut) return [[answer.status ? "unavailable" : "offline", wait].filter(Boolean).join(" · "), "cut"];
  if (wait) return [wait, "pending"];
  return promise && answer?.ok ? ["synchronised", "synchronised"] : ["nothing pending", "idle"];
}

/* Words for a session that is over without a broken promise; undefined if it is not. */
function ending({ until }, answer) {
  const { detail = "" } = answer.body;
  if (isProblem(answer, "session-expired", "session-ended")) return `The service says: ${detail}.`;
  if (Date.parse(until) < answer.at) return "The session's time was up.";
  if (/no session cookie/.test(detail)) return "This browser no longer has the session's cookie.";
}

function refusal({ type = "", detail }) {
  return type.endsWith("credential-invalid") ? `refuses this session: ${detail}` : "no longer knows this session";
}

/* {text, undecided}: undecided while the next few answers may show a better one. Another replica may have told
   where the bytes are: they all keep them in the same way. */
function cause(at, { by }, places, heard) {
  const place = by && (places.get(by.boot) ?? [...places.values()].at(-1));
  if (!place) return { text: "" };
  const { kind } = place;
  const [who, whose] = [short(by.container), short(at.container)];
  if (OUTSIDE.includes(kind)) return { text: whereabouts(place) };
  if (by.container === at.container) return { text: again(by.boot === at.boot, kind) };
  if (!OWN[kind]) return { text: `Another container answered (${who}, was ${whose}). ${whereabouts(place)}` };
  const since = heard.slice(heard.indexOf(by.container));
  if (since.includes(at.container)) {
    return { text: `Another replica answered (${who}, was ${whose}). Each has its own copy, ${inWords(kind)}.` };
  }
  const replica = `This replica (${who}) is a new one`;
  const undecided = since.length < ROUNDS * new Set(since).size + SPARE;
  if (undecided) return { text: `${replica}, with its own ${OWN[kind]}.`, undecided };
  return { text: `${replica}: the old container's (${whose}) ${OWN[kind]} is gone.` };
}

function again(same, kind) {
  if (same) return "The same process answered as before.";
  const gone = kind === "process-memory" || kind === "tmpfs" ? `: the ${OWN[kind]} of the one before is gone` : "";
  return `This process is a new one in the same container${gone}.`;
}
