/* Keeps the page for when there is no connection: the page itself and its parts, never what a service answers.
   With a connection everything comes from the network; what is kept is then replaced as a whole or not at all. */
"use strict";

const FILES = [
  "./", "web/cart.js", "web/database.js", "web/drawing.js", "web/exchange.js", "web/icon.svg", "web/layers.js",
  "web/log.js", "web/page.js", "web/panel.js", "web/service.js", "web/style.css", "web/verdict.js",
].map((file) => new URL(file, registration.scope).href);
const NAME = `sessionlab page ${registration.scope}`;
const PATIENCE_MS = 3000;

/* Every answer of a service is signed. What is not, like a hotel's portal, may be shown, but is no part of the page. */
const isOurs = ({ ok, headers }) => ok && headers.has("Served-By");

async function whole(file) {
  const answer = await fetch(file, { cache: "no-store" });
  if (!isOurs(answer)) throw new Error(`${file} is not the page's`);
  return new Response(await answer.blob(), answer);
}

async function keep() {
  const answers = await Promise.all(FILES.map(whole));
  const cache = await caches.open(NAME);
  await Promise.all(answers.map((answer, index) => cache.put(FILES[index], answer)));
}

async function freshOrKept(request, address) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (isOurs(answer) || (answer.ok && request.mode === "navigate")) return answer;
  } catch {
    // No connection, or one that is as good as none.
  }
  return await caches.match(address, { cacheName: NAME }) ?? fetch(request);
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keep());
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const address = origin + pathname;
  if (event.request.method !== "GET" || !FILES.includes(address)) return;
  event.respondWith(freshOrKept(event.request, address));
  if (event.request.mode === "navigate") event.waitUntil(keep().catch(() => {})); // What was kept stays.
});
