/* What one service's part of the page looks like, and what a person does there. Knows no service and no log. */
import { layers } from "./layers.js";
import { short } from "./verdict.js";

const OFFERED = {
  none: ["visit"], kept: ["visit", "link", "close"], ended: ["visit", "afresh"], unavailable: ["visit"], lost: ["visit"],
};

export class Drawing {
  #drawn = "";
  #where = "";

  constructor(name) {
    this.element = document.getElementById("panel").content.firstElementChild.cloneNode(true);
    this.#name(name);
  }

  /* `todo`: what to do for each `data-do`; `add` and `remove` are told what. */
  listen(todo) {
    this.element.addEventListener("click", async ({ target: { dataset } }) => {
      if (dataset.remove) todo.remove(dataset.remove);
      if (!dataset.do) return;
      await todo[dataset.do]();
      if (document.activeElement === document.body) this.#at("form").elements.name.focus(); // It was hidden.
    });
    this.#at("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const { name, quantity } = event.target.elements;
      todo.add({ name: name.value.trim(), quantity: quantity.valueAsNumber });
      event.target.reset();
      name.focus();
    });
    this.#at(".link button").addEventListener("click", () => copy(this.#at(".link input"), this.#at(".link .copied")));
  }

  offer(offered) {
    this.#at(".join").hidden = !offered;
  }

  notice(text) {
    this.#put(".notice", text);
  }

  link(address, until) {
    this.#at(".link").hidden = false;
    this.#at(".link input").value = address;
    this.#put(".link .until", `Once, until ${new Date(until).toLocaleTimeString()}.`);
  }

  standing(text, tone) {
    this.#put(".standing", text);
    this.#at(".standing").dataset.tone = tone;
  }

  draw({ tone, text, rows, lost, waiting, rest }, aside) {
    this.element.className = `panel ${tone}`;
    this.#put(".verdict", text);
    this.#put(".lost-list", lost && `Lost: ${lost}.`);
    this.#put(".saved-list", waiting && tone !== "kept" ? `Saved by this device, not sent yet: ${waiting}.` : "");
    const offered = [...OFFERED[tone], ...(tone === "lost" ? [rest ? "accept" : "afresh"] : []), ...(aside.length ? ["seen"] : [])];
    for (const button of this.element.querySelectorAll("[data-do]")) {
      if (!button.closest(".join")) button.hidden = !offered.includes(button.dataset.do);
    }
    this.#put("[data-do=afresh]", waiting ? "Open a new session and send it there" : "Open a new session");
    this.#put("[data-do=accept]", waiting ? "Go on with what is left, and send it" : "Go on with what is left");
    if (tone !== "kept") this.#at(".link").hidden = true;
    this.#drawAside(aside);
    this.#drawRows(rows);
  }

  answered({ by, at }, answers, place) {
    const started = place ? `, started ${span(at - Date.parse(place.started_at))} ago` : "";
    this.#put(".by", `answered last: container ${short(by.container)}, boot ${short(by.boot)}${started}`);
    const broken = answers.filter((answer) => answer.tone === "lost").length;
    this.#at(".answers").ariaLabel = `promise broken in ${broken} of the last ${answers.length} answers`;
    this.#at(".answers").replaceChildren(...answers.map((one) => (
      make("i", { className: one.tone ?? "", title: `${one.tone} ${short(one.container ?? "")}` }))));
    if (!place || JSON.stringify(place) === this.#where) return;
    this.#where = JSON.stringify(place);
    this.#name(place.service);
    this.#put(".where", "Where its bytes are, from the top:");
    this.#at(".stack").replaceChildren(...layers(place).map(drawLayer));
  }

  #at(selector) {
    return this.element.querySelector(selector);
  }

  #name(name) {
    this.#put(".name", name);
    this.#at(".name").id = `service ${name}`.replaceAll(" ", "-");
    this.element.setAttribute("aria-labelledby", this.#at(".name").id);
  }

  #put(selector, text) {
    const place = this.#at(selector);
    if (place.textContent !== text) place.textContent = text; // Set again, a status would be read out again.
    place.toggleAttribute("data-empty", !text);
  }

  #drawAside(aside) {
    const lines = aside.map(({ name, operation, why }) => `${name ?? operation}: ${why}`);
    this.#put(".aside", lines.length ? `Set aside: ${lines.join("; ")}` : "");
  }

  #drawRows(rows) {
    if (JSON.stringify(rows) === this.#drawn) return; // Drawn again, they would lose the keyboard's focus.
    this.#drawn = JSON.stringify(rows);
    const focused = this.#at("tbody").contains(document.activeElement);
    this.#at("tbody").replaceChildren(...rows.map(drawRow));
    this.#at("table").hidden = !rows.length;
    if (focused) this.#at("form").elements.name.focus();
  }
}

/* Copies a field's value or an element's text; says in `status` how that went. */
export async function copy(source, status) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    status.textContent = "Copied.";
  } catch { // No permission, or not a secure origin.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    status.textContent = "Selected; copy it with your keyboard.";
  }
}

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function drawLayer({ name, detail, holds, apart }) {
  const words = [make("b", { textContent: name }), " ", make("span", { textContent: detail })];
  return make("li", { className: `${holds ? "holds" : ""} ${apart ? "apart" : ""}` }, ...words);
}

function drawRow({ id, name, waiting, promised, now, back, wrong, here }) {
  const said = now === null ? "?" : now === undefined ? (wrong ? "missing" : "–") : back ? `${now}, was removed` : now;
  const row = make("tr", { className: [wrong && "wrong", waiting === "remove" && "gone"].filter(Boolean).join(" ") });
  row.append(
    make("th", { scope: "row", textContent: name }),
    make("td", { className: "waiting" }, ...(waiting === undefined ? [] : [make("span", { textContent: waiting })])),
    make("td", { textContent: promised ?? "–" }), make("td", { className: "now", textContent: said }), make("td"),
  );
  if (id && here) {
    const button = make("button", { type: "button", textContent: "×", title: "remove", ariaLabel: `remove ${name}` });
    button.dataset.remove = id;
    row.lastChild.append(button);
  }
  return row;
}

function span(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return "less than 1 s";
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
