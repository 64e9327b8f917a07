// The inbox's service worker: it shows pushed notices, and keeps built files whose names hold their hash. It keeps no page and no
// answer of the interface: what a librarian may see is asked for each time.
import { heed, WORDS, type WorkerScope } from "../pushed";

const FILES = "deskbridge-files";
const MOST = 300;
const HASHED = /^\/inbox\/assets\/[^/]+-[\w-]{8}\.(?:js|css|woff2|svg)$/;
const scope = self as unknown as WorkerScope;

async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(FILES);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.status === 200) {
    await cache.put(request, answer.clone());
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((one) => cache.delete(one)));
  }
  return answer;
}

async function tidy(): Promise<void> {
  const known = new Set([FILES, WORDS]);
  for (const name of await caches.keys()) if (name.startsWith("deskbridge-") && !known.has(name)) await caches.delete(name);
  await scope.clients.claim();
}

scope.addEventListener("install", (event: Event & { waitUntil(done: Promise<unknown>): void }) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event: Event & { waitUntil(done: Promise<unknown>): void }) => event.waitUntil(tidy()));
scope.addEventListener("fetch", (event: Event & { request: Request; respondWith(answer: Promise<Response>): void }) => {
  const url = new URL(event.request.url);
  if (event.request.method === "GET" && url.origin === location.origin && HASHED.test(url.pathname)) event.respondWith(kept(event.request));
});
heed(scope, "/inbox/icon-192.png", (conversation) => `/inbox/#/open/${encodeURIComponent(conversation)}`);
