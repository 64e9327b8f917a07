// Notices pushed to this browser while the inbox is closed. Loaded when somebody turns them on or off, and where they are on.
import { canPush, subscribe, unsubscribe } from "../../subscribing";
import { call, get, send } from "./api";
import type { PushView } from "./schema";
import { t } from "./words";

const PLACE = "deskbridge.push";
const SCOPE = "/inbox/";
const KINDS = ["offer", "waiting", "transfer", "mention", "consult", "message", "over"] as const;

// A page renews what is on while it loads. Who signs out in that moment ends it: what was begun before does not go on.
let turn = 0;
let asked: Promise<unknown> = Promise.resolve();

export { canPush };

/** Whether this browser is pushed to for `me`. */
export const isOn = (me: string): boolean => localStorage.getItem(PLACE) === me;

/** Subscribe this browser, or renew it, as the desk drops what nobody renews. False where the browser says no. */
export async function turnOn(me: string): Promise<boolean> {
  const mine = ++turn;
  if (!canPush() || (await Notification.requestPermission()) !== "granted") return false;
  const { key } = await get<PushView>("/push");
  if (mine !== turn) return false;
  const words = Object.fromEntries(KINDS.map((kind) => [kind, t(`push.${kind}`, { library: "{library}" })]));
  const one = await subscribe(`${SCOPE}worker.js`, SCOPE, key, words);
  if (mine === turn) await (asked = send<PushView>("POST", "/push", one));
  else await unsubscribe(SCOPE);
  if (mine !== turn) return false;
  localStorage.setItem(PLACE, me);
  return true;
}

/** End it: who signs in here next is not told what is for me. */
export async function turnOff(): Promise<void> {
  turn += 1;
  localStorage.removeItem(PLACE);
  await asked.catch(() => undefined);
  const endpoint = await unsubscribe(SCOPE);
  if (endpoint) await call<PushView>("POST", "/push/end", { body: JSON.stringify({ endpoint }), quiet: true });
}
