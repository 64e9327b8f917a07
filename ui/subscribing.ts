// A page's side of pushed notices: its browser subscribes to the desk's key, and the words for each kind are kept for the worker.
import { WORDS } from "./pushed";

export interface Subscription {
  endpoint: string;
  p256dh: string;
  auth: string;
}

/** Whether this browser can be pushed to here: only over https or on this machine, and only where the page is no frame. */
export const canPush = (): boolean => isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

/** Subscribe, or find what is subscribed to this key already; the worker finds the words `at` an address. Rejects where the browser says no. */
export async function subscribe(worker: string, scope: string, key: string, words: Record<string, string>, at = "/words"): Promise<Subscription> {
  const registration = await navigator.serviceWorker.register(worker, { scope });
  await keepWords(words, at);
  await navigator.serviceWorker.ready.catch(() => undefined);
  const options = { userVisibleOnly: true, applicationServerKey: toBytes(key) };
  let found: PushSubscription;
  try {
    found = await registration.pushManager.subscribe(options);
  } catch (error) {
    const other = await registration.pushManager.getSubscription(); // to a key that the desk had before
    if (!other) throw error;
    await other.unsubscribe();
    found = await registration.pushManager.subscribe(options);
  }
  const { endpoint = "", keys = {} } = found.toJSON();
  return { endpoint, p256dh: keys["p256dh"] ?? "", auth: keys["auth"] ?? "" };
}

/** Keep the words for the worker, in the language that the page speaks now. */
export async function keepWords(words: Record<string, string>, at: string): Promise<void> {
  await (await caches.open(WORDS)).put(at, new Response(JSON.stringify(words)));
}

/** End this browser's subscription; its address, for the desk to drop, or "" where there is none. */
export async function unsubscribe(scope: string): Promise<string> {
  const registration = await navigator.serviceWorker.getRegistration(scope);
  const found = await registration?.pushManager.getSubscription();
  await found?.unsubscribe();
  return found?.endpoint ?? "";
}
