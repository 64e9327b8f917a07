// The counter's service worker: the page opens without a connection too. It keeps the page, its files and its words, all of which are
// public; no answer of the interface is kept.
interface Asked extends Event {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Waiting extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Scope extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}

const CACHE = "counter-page-1";
const MOST = 40;
const PAGE = "/counter/";
const NEVER_CHANGES = /^\/counter\/(?:assets|words)\/[^/]+$/;
const scope = self as unknown as Scope;

async function keep(request: Request | string, answer: Response): Promise<Response> {
  if (answer.status !== 200) return answer;
  const cache = await caches.open(CACHE);
  await cache.put(request, answer.clone());
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((one) => cache.delete(one)));
  return answer;
}

/** The page as the desk has it now, else as it was kept. */
async function page(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    return answer.status < 500 ? await keep(PAGE, answer) : ((await caches.match(PAGE)) ?? answer);
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

const file = async (request: Request): Promise<Response> => (await caches.match(request)) ?? keep(request, await fetch(request));

/** The page opened before this worker was there: what it loaded is fetched again, from the browser's own cache. */
async function gather(): Promise<void> {
  const answer = await fetch(PAGE);
  const text = await answer.clone().text();
  await keep(PAGE, answer);
  const files = [...text.matchAll(/\/counter\/assets\/[\w.-]+/g)].map(([path]) => path);
  await Promise.all([...new Set(files)].map(async (path) => keep(path, await fetch(path))));
}

scope.addEventListener("install", (event) => (event as Waiting).waitUntil(gather().then(() => scope.skipWaiting())));
scope.addEventListener("activate", (event) => (event as Waiting).waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as Asked;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname === PAGE) respondWith.call(event, page(request));
  else if (NEVER_CHANGES.test(url.pathname)) respondWith.call(event, file(request));
});
