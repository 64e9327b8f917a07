// What a service worker does with a pushed notice: it shows it unless its page is looked at, and a click leads there.
//
// The rule: a notice carries a kind, a library's name and a conversation's id. The words for a kind are the page's, in its reader's
// language: the page keeps them in the cache `WORDS` when it subscribes, under an address of its own. One notice a conversation: a later one takes its place, and
// one that is over is shown without a sound where it was shown before.

export const WORDS = "deskbridge-words";

interface Pushed {
  kind: string;
  conversation: string;
  library: string;
}

interface Shown {
  close(): void;
  readonly data: { conversation: string };
}

interface Window {
  readonly url: string;
  readonly visibilityState: string;
  readonly frameType: string;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

type Waits = Event & { waitUntil(done: Promise<unknown>): void };

/** As much of a service worker's scope as we use; the library of types for pages has none of it. */
export interface WorkerScope {
  readonly registration: {
    readonly scope: string;
    showNotification(title: string, options: object): Promise<void>;
    getNotifications(filter: { tag: string }): Promise<Shown[]>;
  };
  readonly clients: { matchAll(filter: object): Promise<Window[]>; openWindow(url: string): Promise<unknown>; claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(kind: string, heard: (event: never) => void): void;
}

async function windows(scope: WorkerScope): Promise<Window[]> {
  const all = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter((one) => one.url.startsWith(scope.registration.scope));
}

async function wordsFor({ kind, library }: Pushed, at: string): Promise<string> {
  const kept = await (await caches.open(WORDS)).match(at);
  const words = ((await kept?.json()) ?? {}) as Record<string, string>;
  return (words[kind] ?? "").replace("{library}", library);
}

async function show(scope: WorkerScope, pushed: Pushed, icon: string, at: string): Promise<void> {
  const tag = `deskbridge-${pushed.conversation}`;
  const over = pushed.kind === "over";
  const before = await scope.registration.getNotifications({ tag });
  if ((await windows(scope)).some((one) => one.visibilityState === "visible")) return before.forEach((one) => one.close());
  if (over && !before.length) return;
  const body = await wordsFor(pushed, at);
  await scope.registration.showNotification(pushed.library, { body, tag, ...(icon && { icon }), silent: over, renotify: !over, data: { conversation: pushed.conversation } });
}

async function lead(scope: WorkerScope, conversation: string, address: (conversation: string) => string): Promise<void> {
  const open = (await windows(scope)).find((one) => one.frameType === "top-level");
  if (!open) return void (await scope.clients.openWindow(address(conversation)));
  await open.focus();
  open.postMessage({ open: conversation });
}

/** Heed pushes. `address` is the page that shows a conversation; `at` is where its page keeps the words. */
export function heed(scope: WorkerScope, icon: string, address: (conversation: string) => string, at = "/words"): void {
  scope.addEventListener("push", (event: Waits & { data?: { json(): unknown } }) => {
    const pushed = event.data?.json() as Partial<Pushed> | undefined;
    if (typeof pushed?.kind !== "string" || typeof pushed.conversation !== "string" || typeof pushed.library !== "string") return;
    event.waitUntil(show(scope, pushed as Pushed, icon, at));
  });
  scope.addEventListener("notificationclick", (event: Waits & { notification: Shown }) => {
    event.notification.close();
    event.waitUntil(lead(scope, event.notification.data.conversation, address));
  });
}
