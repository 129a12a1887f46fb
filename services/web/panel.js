/* One service on the page: its cart, its visits, and whether it keeps its promises. */
import { Promised } from "./promised.js";
import { ask, inDoubt, reason } from "./service.js";
import { judge, short, whereabouts } from "./verdict.js";

const ANSWERS_SHOWN = 12;
const OFFERED = { none: ["visit", "open"], kept: ["visit", "close"], lost: ["visit", "afresh"], ended: ["afresh"], unavailable: ["visit"] };

export class Panel {
  #base;
  #promised;
  #placement = null;
  #boots = new Set();
  #answers = [];
  #queue = Promise.resolve(); // One request at a time: a read must not overtake a change.
  #waiting = 0;
  #drawn = "";

  constructor(base) {
    this.#base = new URL(base, document.baseURI);
    this.#promised = new Promised(this.#base);
    this.element = document.getElementById("panel").content.firstElementChild.cloneNode(true);
    this.#name(base === "./" ? "this service" : base.slice(0, -1));
    this.#listen();
  }

  /* See what the service says now. Does nothing while something else is under way. */
  look() {
    if (!this.#waiting) this.#enqueue(() => {});
  }

  #enqueue(change) {
    this.#waiting += 1;
    this.#queue = this.#queue.then(change).then(() => this.#look()).finally(() => { this.#waiting -= 1; });
  }

  #listen() {
    const todo = {
      visit: () => this.#countVisit(), open: () => this.#open(), afresh: () => this.#open(), close: () => this.#close(),
    };
    this.element.addEventListener("click", ({ target: { dataset } }) => {
      if (dataset.do) this.#enqueue(todo[dataset.do]);
      if (dataset.remove) this.#enqueue(() => this.#removeItem(dataset.remove));
    });
    this.#at("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enqueue(() => this.#addItem(event.target));
    });
  }

  async #open() {
    const answer = await this.#ask("POST", "session", {});
    if (answer.ok) this.#promised.begin(answer.body, answer.by);
    return answer.ok;
  }

  async #close() {
    const answer = await this.#ask("DELETE", "session");
    if (answer.ok) this.#promised.write(null);
  }

  async #addItem(form) {
    const { name, quantity } = form.elements;
    const item = { name: name.value.trim(), quantity: quantity.valueAsNumber };
    const id = randomId();
    if (await this.#do("PUT", `session/items/${id}`, item, ({ items }) => { items[id] = item; })) {
      form.reset();
      name.focus();
    }
  }

  async #removeItem(id) {
    const doubt = ({ items }) => delete items[id];
    await this.#do("DELETE", `session/items/${id}`, undefined, ({ items }) => { items[id] = null; }, doubt);
  }

  async #countVisit() {
    await this.#do("POST", "session/visits", {}, (promise, { visits }) => { promise.visits = Math.max(promise.visits + 1, visits); });
  }

  /* A change to the session, opened first if there is none: `keep` writes down what was acknowledged,
     `doubt` takes back what is no longer certain. Resolves to whether it was acknowledged. */
  async #do(method, path, body, keep, doubt) {
    if (!this.#promised.read() && !await this.#open()) return false;
    const answer = await this.#ask(method, path, body);
    if (!answer.ok && doubt && inDoubt(answer)) this.#promised.change(doubt);
    if (answer.ok) {
      this.#promised.change((promise) => {
        keep(promise, answer.body);
        Object.assign(promise, { at: answer.by, version: Math.max(promise.version, answer.version) });
      });
    }
    return answer.ok;
  }

  async #ask(method, path, body) {
    const answer = await ask(this.#base, method, path, body);
    this.#put(".notice", answer.ok ? "" : `${inDoubt(answer) ? "Not acknowledged" : "Not done"}. ${reason(answer)}`);
    return answer;
  }

  /* Without a session only readiness is asked for: a 401 would say nothing new. */
  async #look() {
    const promise = this.#promised.read();
    const answer = await ask(this.#base, "GET", promise ? "session" : "readyz");
    await this.#locate(answer.by);
    if (JSON.stringify(this.#promised.read()) !== JSON.stringify(promise)) return; // Another tab: next time.
    this.#answers = [...this.#answers, { container: answer.by?.container }].slice(-ANSWERS_SHOWN);
    const verdict = judge(promise, answer, this.#placement, this.#answers);
    this.#answers.at(-1).tone = verdict.tone;
    const until = answer.body.idle_expires_at;
    if (verdict.tone === "kept" && promise.until !== until) this.#promised.change((one) => { one.until = until; });
    this.#draw(verdict, answer.by);
  }

  /* Asked of each new process once: it cannot change under a running one. */
  async #locate(by) {
    if (!by || this.#boots.has(by.boot)) return;
    const answer = await ask(this.#base, "GET", "placement");
    if (!answer.ok) return;
    this.#boots.add(by.boot);
    this.#placement = answer.body;
    this.#name(by.service);
    this.#put(".where", whereabouts(answer.body));
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
  }

  #draw({ tone, text, rows }, by) {
    this.element.className = `panel ${tone}`;
    this.#put(".verdict", text);
    if (by) this.#put(".by", `answered last: container ${short(by.container)}, boot ${short(by.boot)}`);
    for (const button of this.element.querySelectorAll("[data-do]")) button.hidden = !OFFERED[tone].includes(button.dataset.do);
    const broken = this.#answers.filter((answer) => answer.tone === "lost").length;
    this.#at(".answers").ariaLabel = `promise broken in ${broken} of the last ${this.#answers.length} answers`;
    this.#at(".answers").replaceChildren(...this.#answers.map((one) => (
      make("i", { className: one.tone, title: `${one.tone} ${short(one.container ?? "")}` }))));
    this.#drawRows(rows);
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

function drawRow({ id, name, promised, now, back, wrong }) {
  const said = now === null ? "?" : now === undefined ? (wrong ? "missing" : "–") : back ? `${now}, was removed` : now;
  const row = make("tr", { className: wrong ? "wrong" : "" });
  const last = make("td");
  if (id && now) {
    last.append(make("button", { type: "button", textContent: "×", title: "remove", ariaLabel: `remove ${name}` }));
    last.firstChild.dataset.remove = id;
  }
  row.append(
    make("th", { scope: "row", textContent: name }), make("td", { textContent: promised ?? "–" }),
    make("td", { className: "now", textContent: said }), last,
  );
  return row;
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join("");
}
