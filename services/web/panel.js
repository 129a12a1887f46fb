/* One service on the page: what this browser does with it, and when it is asked. */
import { Kept } from "./database.js";
import { Drawing } from "./drawing.js";
import { accept, close, exchange, link, open } from "./exchange.js";
import { random, record } from "./log.js";
import { ask, reason } from "./service.js";
import { judge, standing } from "./verdict.js";

const [POLL_MS, SOON_MS, LATEST_MS, GROWTH] = [2000, 150, 15000, 1.6];
const ANSWERS_SHOWN = 12;
const HEARD = 24; // two rounds of as many replicas as the gateway has places for, and some

export class Panel {
  #base;
  #route;
  #kept;
  #drawing;
  #places = new Map(); // placements by boot: one cannot change under a running process
  #answers = [];
  #heard = []; // the containers of the latest answers: to a question of where, too, in which it took its turn
  #answer = null;
  #verdict = {};
  #waiting = 0;
  #failures = 0;
  #current = Promise.resolve(); // the look that is under way or was the last
  #queued = null; // the one after it
  #timer;
  #code;

  constructor(route) {
    this.#route = route;
    this.#base = new URL(route, document.baseURI);
    this.#kept = new Kept(this.#base, (answer) => (answer ? this.#see(answer) : this.#draw()));
    this.#drawing = new Drawing(route === "./" ? "this service" : route.slice(0, -1));
    this.#drawing.listen({
      add: (item) => this.#record({ operation: "put", id: random(8), ...item }),
      remove: (id) => this.#record({ operation: "remove", id }),
      visit: () => this.#record({ operation: "visit" }),
      afresh: () => this.#then(() => open(this.#base, this.#kept)),
      accept: () => this.#then(() => accept(this.#base, this.#kept)),
      join: () => this.#join(),
      stay: () => this.#drawing.offer(false),
      link: () => this.#link(),
      close: () => this.#then(() => close(this.#base, this.#kept)),
      seen: () => this.#kept.change((log) => { log.aside = []; }).then(() => this.#draw()),
    });
    this.#draw();
  }

  get element() {
    return this.#drawing.element;
  }

  /* Another device's session is offered, never just joined: whoever made the link can read what is put there. */
  offer(route, code) {
    if (route !== this.#route || !code) return;
    this.#code = code;
    this.#drawing.offer(true);
  }

  /* Sends what waits and sees what the service says, now, and again after a while. */
  look() {
    this.#queued ??= this.#current.catch(() => {}).then(() => {
      this.#queued = null;
      this.#current = this.#look();
      return this.#current;
    });
    return this.#queued;
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      const answer = await exchange(this.#base, this.#kept);
      this.#failures = answer.ok || answer.status === 401 ? 0 : this.#failures + 1;
      await this.#see(answer);
    } finally {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tick(), this.#pause());
    }
  }

  /* Out of sight only what waits is a reason to ask. */
  #tick() {
    if (document.hidden && !this.#waiting) this.#timer = setTimeout(() => this.#tick(), POLL_MS);
    else this.look();
  }

  #pause() {
    if (this.#verdict.undecided || (this.#waiting && this.#verdict.tone === "kept")) return SOON_MS;
    const longest = Math.min(LATEST_MS, POLL_MS * GROWTH ** this.#failures);
    return this.#failures ? longest * (0.5 + Math.random() / 2) : longest;
  }

  async #record(operation) {
    await this.#kept.change((log) => record(log, operation));
    this.#kept.tell();
    this.#failures = 0; // Somebody is here: do not let them wait.
    await this.#draw();
    this.look();
  }

  async #then(action) {
    const answer = await action();
    this.#drawing.notice(answer.ok ? "" : `Not done. ${reason(answer)}`);
    await this.look();
    return answer;
  }

  async #join() {
    const answer = await this.#then(() => open(this.#base, this.#kept, this.#code));
    if (answer.ok || answer.status === 401) this.#drawing.offer(false);
  }

  async #link() {
    const answer = await link(this.#base, this.#kept);
    this.#drawing.notice(answer.ok ? "" : `No link. ${reason(answer)}`);
    if (!answer.ok) return;
    const { link: code, expires_at: until } = answer.body;
    const fragment = new URLSearchParams({ join: this.#route, code });
    this.#drawing.link(new URL(`#${fragment}`, document.baseURI).href, until);
  }

  async #see(answer) {
    this.#hear(answer);
    this.#answer = answer;
    this.#answers = [...this.#answers, { container: answer.by?.container }].slice(-ANSWERS_SHOWN);
    await this.#locate(answer.by); // Meanwhile a later answer may have come: that is what is drawn.
    await this.#draw();
  }

  async #locate(by) {
    if (!by || this.#places.has(by.boot)) return;
    const answer = await ask(this.#base, "GET", "placement");
    this.#hear(answer);
    if (answer.ok) this.#places.set(answer.body.boot, answer.body);
  }

  #hear({ by }) {
    if (by) this.#heard = [...this.#heard, by.container].slice(-HEARD);
  }

  async #draw() {
    const log = await this.#kept.read();
    const answer = this.#answer;
    this.#waiting = log.pending.length;
    this.#drawing.standing(...standing(log, answer));
    if (answer && answer.turn !== log.turn) return; // A later answer is under way to this tab.
    this.#verdict = judge(log, answer, this.#places, this.#heard);
    if (answer) this.#answers.at(-1).tone = this.#verdict.tone;
    this.#drawing.draw(this.#verdict, log.aside);
    if (answer?.by) this.#drawing.answered(answer, this.#answers, this.#places.get(answer.by.boot));
  }
}
