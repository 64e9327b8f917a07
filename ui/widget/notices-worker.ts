// The service worker of a chat's own page: it shows that the library answered, and keeps nothing.
import { heed, type WorkerScope } from "../pushed";

const scope = self as unknown as WorkerScope;

scope.addEventListener("install", (event: Event & { waitUntil(done: Promise<unknown>): void }) => event.waitUntil(scope.skipWaiting()));
heed(scope, "", () => new URL("chat", scope.registration.scope).href, new URL("notices-words", scope.registration.scope).pathname);
