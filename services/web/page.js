/* Which panels there are, when they look at their service, and the commands' copy buttons. */
import { copy, make } from "./drawing.js";
import { Panel } from "./panel.js";

const PAIR = ["stateful/", "stateless/", "token/"];
const GATEWAY = `sessionlab gateway ${location.pathname}`;

/* The gateway answers its own health check; a service signs the answer with Served-By. Offline: as last time. */
async function atGateway() {
  try {
    const answer = await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(3000) });
    localStorage[GATEWAY] = answer.ok && !answer.headers.has("Served-By");
  } catch {
    // No connection.
  }
  return localStorage[GATEWAY] === "true";
}

function offerLinked(panels) {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (!asked.has("join")) return;
  history.replaceState(null, "", location.pathname); // A code is no address: it is not to be kept or shared on.
  panels.forEach((panel) => panel.offer(asked.get("join"), asked.get("code")));
}

for (const line of document.querySelectorAll(".commands li")) {
  const command = line.querySelector("code");
  const onclick = () => copy(command, document.getElementById("copied"));
  line.append(make("button", { textContent: "Copy", ariaLabel: `Copy: ${command.textContent}`, onclick }));
}

/* So that the page opens without a connection, too. Not there where the origin is not secure. */
navigator.serviceWorker?.register("web/worker.js", { scope: "./" });

const panels = (await atGateway() ? PAIR : ["./"]).map((route) => new Panel(route));
const main = document.getElementById("panels");
main.classList.toggle("single", panels.length === 1);
main.replaceChildren(...panels.map((panel) => panel.element));

/* Whether there is a network is no answer: a service on this machine needs none. That it changed is a reason to ask. */
const look = () => document.hidden || panels.forEach((panel) => panel.look());
look();
["online", "offline", "pageshow"].forEach((event) => addEventListener(event, look));
document.addEventListener("visibilitychange", look);
addEventListener("hashchange", () => offerLinked(panels));
offerLinked(panels);
