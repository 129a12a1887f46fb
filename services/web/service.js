/* One request to a service. It never throws: no answer of a service has status 0. */
const PATIENCE_MS = 5000;

/* Resolves to {status, ok, by, at, body}; `at` is the service's clock in ms; `body` of an error is its problem. */
export async function ask(base, method, path, body) {
  const init = { method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
  if (body) Object.assign(init, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  try {
    const response = await fetch(new URL(path, base), init);
    const { status, ok, headers } = response;
    const [by, at] = [servedBy(headers), Date.parse(headers.get("Date")) || Date.now()];
    // A hotel's portal, say: neither its yes nor its no is about a session. A gateway may say that nobody is there.
    if (!by && status < 500) return unanswered(`what answers here, with status ${status}, is no service`);
    return { status, ok, by, at, body: await content(response) };
  } catch (error) {
    return unanswered(error.name === "TimeoutError" ? `no answer within ${PATIENCE_MS / 1000} s` : "no connection");
  }
}

/* Whether a change that was not acknowledged may have been made all the same. */
export const inDoubt = ({ status }) => status === 0 || status >= 500;

/* Whether this is the answer's problem, by the end of its type. */
export const isProblem = ({ ok, body: { type = "" } }, ...names) => !ok && names.some((name) => type.endsWith(name));

/* Why there is no success, in the words of the problem document. */
export function reason({ status, body: { title = "Unavailable", detail = `status ${status}` } }) {
  return `${title}: ${detail.replace(/\.$/, "")}.`;
}

function unanswered(detail) {
  return { status: 0, ok: false, by: null, at: Date.now(), body: { detail } };
}

function servedBy(headers) {
  const [service, container, boot] = (headers.get("Served-By") ?? "").split("/");
  return boot ? { service, container, boot } : null;
}

async function content(response) {
  const text = await response.text();
  return /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : {};
}
