/* Which panels there are, when they look at their service, and the commands' copy buttons. */
import { Panel } from "./panel.js";

const POLL_MS = 2000;
const PAIR = ["stateful/", "stateless/", "token/"];

/* The gateway answers its own health check; a service signs the answer with Served-By. */
async function atGateway() {
  try {
    const answer = await fetch("healthz", { cache: "no-store" });
    return answer.ok && !answer.headers.has("Served-By");
  } catch {
    return location.pathname === "/";
  }
}

async function copy(command) {
  let outcome = `Copied: ${command.textContent}`;
  try {
    await navigator.clipboard.writeText(command.textContent);
  } catch { // No permission, or not a secure origin.
    getSelection().selectAllChildren(command);
    outcome = "Selected; copy it with your keyboard.";
  }
  document.getElementById("copied").textContent = outcome;
}

for (const line of document.querySelectorAll(".commands li")) {
  const command = line.querySelector("code");
  const button = Object.assign(document.createElement("button"), { textContent: "Copy", onclick: () => copy(command) });
  button.ariaLabel = `Copy: ${command.textContent}`;
  line.append(button);
}

const bases = await atGateway() ? PAIR : ["./"];
const panels = bases.map((base) => new Panel(base));
const main = document.getElementById("panels");
main.classList.toggle("single", panels.length === 1);
main.replaceChildren(...panels.map((panel) => panel.element));

const look = () => document.hidden || panels.forEach((panel) => panel.look());
look();
setInterval(look, POLL_MS);
document.addEventListener("visibilitychange", look);
