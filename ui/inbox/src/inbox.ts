// The page from sign-in to sign-out: it fetches the lists, goes live, and passes on what the desk tells.
//
// The rule: everything comes in through `start` (fetched once) and `hear` (told since); everything goes out through `state/verbs`.
// What the page knows is in `state/`, one module a subject, and components import what they use. Those modules import each other in one
// direction only; this one imports them all.
import { api, Offline, onSignedOut, Refusal } from "./api";
import { needsMe } from "./board";
import type { LineState } from "./live";
import { unlock } from "./notify";
import { reasonOf } from "./refusals";
import type { Me, ServerMessage } from "./schema";
import { absence } from "./state/absence";
import { calls } from "./state/calls.svelte";
import { colleagues } from "./state/colleagues.svelte";
import { connection } from "./state/connection.svelte";
import { desk } from "./state/desk.svelte";
import { device } from "./state/device.svelte";
import { followUps } from "./state/follow_ups.svelte";
import { deskBoard } from "./state/desk-board.svelte";
import { lists } from "./state/lists.svelte";
import { navigation } from "./state/navigation.svelte";
import { notices } from "./state/notices.svelte";
import { requests } from "./state/requests.svelte";
import { screen } from "./state/screen.svelte";
import { clearRecent, dropSearches } from "./state/search.svelte";
import { session } from "./state/session.svelte";
import { threads } from "./state/thread.svelte";
import { linesTold, rowsTold } from "./state/updates";
import { join } from "./state/verbs";
import { writing } from "./state/writing.svelte";
import { named, speaksOtherwise, t } from "./words";

const TAKES_OVER_MS = [0, 300, 700]; // how long another window of mine may take until its new session is here
const ROWS_COME_MS = 1000; // after the line is back, what changed meanwhile is told at once
const START_AGAIN_MS = 2000;

let whose = ""; // the librarian whose texts and lists this page holds

export async function begin(): Promise<void> {
  onSignedOut(signedOut);
  connection.listener = { heard: hear, changed: lineChanged };
  screen.watch();
  addEventListener("hashchange", () => { if (!heedInvitation()) navigation.follow(); });
  addEventListener("focus", () => calls.heed(navigation.openId));
  addEventListener("online", nudge);
  addEventListener("offline", () => connection.live.cutOff());
  for (const touched of ["pointerdown", "keydown"]) addEventListener(touched, unlock, { once: true });
  addEventListener("beforeunload", (event) => { if (writing.mayLose(connection.state === "lost")) event.preventDefault(); });
  addEventListener("pagehide", () => writing.drafts.keepBoth());
  addEventListener("visibilitychange", () => {
    connection.live.looking(!document.hidden);
    if (!document.hidden) nudge();
    else void writing.drafts.flush();
  });
  setInterval(tick, 1000);
  if (heedInvitation()) return;
  heedRefusal();
  try {
    welcome(await api.me());
  } catch (error) {
    session.phase = error instanceof Offline ? "failed" : "signed-out";
  }
}

/** Take the secret of an invitation out of the address, where nobody shall read it, and say whether there was one. */
function heedInvitation(): boolean {
  const secret = /^#invitation=([\w-]{20,200})$/.exec(location.hash)?.[1] ?? "";
  if (!secret) return false;
  history.replaceState(null, "", location.pathname);
  session.invitation = secret;
  return true;
}

/** Take the word for why another service could not sign somebody in out of the address. */
function heedRefusal(): void {
  const word = /^#sign-on=([a-z-]{1,40})$/.exec(location.hash)?.[1] ?? "";
  if (!word) return;
  history.replaceState(null, "", location.pathname);
  session.refusedSignOn = word;
}

// ---- signing in and out ----------------------------------------------------------------------------------------------

export function welcome(me: Me): void {
  if (whose && whose !== me.id) return startOver(); // what the page still holds is not for this librarian to see
  whose = me.id;
  if (speaksOtherwise(me.language)) return location.reload();
  session.me = me;
  session.barred = "";
  session.phase = toDo(me);
  if (session.phase !== "loading") return;
  if (location.search === "?to=counter") return location.replace("/counter/"); // they came from there to sign in
  if (me.role === "counter") session.phase = "ready";
  else void start();
}

/** What must be done before the desk is shown: a second factor that there is comes first, then a password, then a factor to add. */
function toDo(me: Me): "second" | "password" | "loading" {
  if (me.second_factor === "asked") return "second";
  if (me.must_change_password) return "password";
  return me.second_factor ? "second" : "loading";
}

/** Another session has taken the place of this one, which was ended. */
export function renew(me: Me): void {
  session.me = me;
  void start();
}

/** The session of the live line has ended; another window of mine may have opened the one that goes on. */
async function ended(): Promise<void> {
  for (const pause of TAKES_OVER_MS) {
    await new Promise((done) => setTimeout(done, pause));
    try {
      const me = await api.stillMe();
      return me.id === session.me?.id && toDo(me) === "loading" ? renew(me) : welcome(me);
    } catch {
      // The other window may not have its answer yet, with which the new session comes.
    }
  }
  signedOut();
}

export async function signOut(sure = false): Promise<void> {
  if (!sure && writing.mayLose(false)) {
    return void notices.tell(t("signin.unsent"), "call", [{ word: "action.sign-out", key: "", run: () => void signOut(true) }]);
  }
  writing.dropFiles();
  await writing.drafts.flush();
  await device.leave();
  const way = session.me?.way;
  clearRecent(session.me?.id ?? "");
  try {
    await api.logout();
  } catch (error) {
    if (error instanceof Offline) return void notices.tell(t("live.lost"), "bad");
  }
  if (way === "provider") return leave();
  startOver();
}

/** Sign out of the provider as well, where the next librarian at this machine would be let in without a question. */
function leave(): void {
  signedOut();
  location.assign("/sign-on/leave");
}

/** Forget everything: the next librarian who signs in here is somebody else. */
function startOver(): void {
  signedOut();
  history.replaceState(null, "", location.pathname);
  location.reload();
}

function signedOut(): void {
  connection.live.stop();
  session.phase = "signed-out";
  session.me = null;
  requests.end();
  navigation.thread = null;
  threads.dropAllBut("");
  calls.heedAll();
  lists.clear();
  dropSearches();
  colleagues.clear();
  document.title = t("app.name");
}

// ---- fetching once ---------------------------------------------------------------------------------------------------

async function start(): Promise<void> {
  if (!session.me) return;
  requests.begin(session.me.id);
  try {
    await load();
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) session.barred = reasonOf(error);
    if (session.barred || (session.phase === "loading" && error instanceof Offline)) session.phase = "failed";
    if (session.phase === "ready") setTimeout(() => void start(), START_AGAIN_MS);
    return;
  }
  session.phase = "ready";
  navigation.follow();
  requests.flush();
  // What is needed a moment later.
  await Promise.allSettled([calls.learnQuiet(), writing.fetch(), followUps.watched ? followUps.load() : undefined, desk.freshen()]);
  void lists.fetchAside();
  void device.begin();
}

/** Fetch the lists and go live after the oldest of the positions they were fetched at. */
async function load(): Promise<void> {
  connection.live.stop();
  const pages = await Promise.all([api.rows("waiting"), api.rows("mine"), api.rows("open")]);
  if (session.phase === "ready") calls.compare(pages.flatMap((page) => page.rows));
  lists.clear();
  threads.dropAllBut(navigation.thread?.id ?? ""); // what they missed was not told
  for (const page of pages) {
    lists.upsert(page.rows);
    lists.more = { ...lists.more, [page.view]: page.next };
  }
  calls.hush();
  connection.live.start(oldest(pages.map((page) => page.position)));
  navigation.doubt();
  deskBoard.doubt();
}

/** The oldest of some positions in the log, which are two numbers each. */
function oldest(positions: readonly string[]): string {
  const parts = (position: string) => position.split("-").map(Number);
  return [...positions].sort((a, b) => (parts(a)[0] ?? 0) - (parts(b)[0] ?? 0) || (parts(a)[1] ?? 0) - (parts(b)[1] ?? 0))[0] ?? "";
}

// ---- what is told since ----------------------------------------------------------------------------------------------

function hear(message: ServerMessage): void {
  switch (message.t) {
    case "hello":
      session.me = message.me;
      desk.counts = message.desk;
      desk.down = "";
      void colleagues.arrived();
      return void setTimeout(returned, ROWS_COME_MS);
    case "reset":
      colleagues.doubt();
      return void start();
    case "rows":
      return rowsTold(message);
    case "lines":
      return linesTold(message);
    case "signal":
      if (session.me) threads.get(message.conversation)?.sign(message, session.me.id);
      return;
    case "mention":
      return calls.mentioned(message, () => void join({ id: message.conversation, patron: message.patron }));
    case "consult":
      return calls.consulted(message);
    case "colleagues":
      return colleagues.hear(message);
    case "me":
      moved(session.me, message.me);
      session.me = message.me;
      return;
    case "desk":
      desk.counts = message.desk;
      return;
    case "board":
      return deskBoard.told(message);
    case "followups":
      return followUps.told(message);
    case "organisation":
      return desk.organisationTold(message);
    case "down":
      desk.down = message.detail || named("down", message.reason, t("down.store"));
      return;
    case "up":
      desk.down = "";
      return requests.flush();
    case "signed-out":
      return void ended();
    case "ping":
      return;
  }
}

/** Say so when a coordinator has changed where I am available. */
function moved(before: Me | null, now: Me): void {
  const [was, is] = [before?.availability, now.availability];
  if (!was?.connected || !is.connected || requests.isBusy("presence", "") || was.queues.join() === is.queues.join()) return;
  const names = is.queues.map((id) => desk.queueName(id)).join(", ");
  notices.tell(names ? t("board.movedMe", { queues: names }) : t("board.movedAway"), "call");
}

function returned(): void {
  if (session.phase === "ready" && connection.state !== "lost") absence.end();
}

function lineChanged(state: LineState, before: LineState): void {
  if (state === "lost") absence.begin();
  if ((state === "live" || state === "polling") && before === "lost") {
    notices.announce(t("live.back"));
    navigation.attend();
    requests.flush();
    void writing.drafts.flush();
  }
  if (state === "lost" && before !== "lost" && before !== "connecting") notices.announce(t("live.lost"));
}

function nudge(): void {
  connection.live.nudge();
  requests.flush();
}

function tick(): void {
  screen.now = Date.now();
  navigation.thread?.fade(screen.now);
  absence.keep();
  const calling = session.phase === "ready" ? desk.counts.waiting + lists.rows("mine").filter((row) => row.unread > 0 || needsMe(row)).length + calls.open : 0;
  const title = calling ? `(${calling}) ${t("app.name")}` : t("app.name");
  if (document.title === title) return;
  document.title = title;
  badge(calling);
}

/** Count on the icon of the installed inbox, where the browser can. */
function badge(count: number): void {
  const { setAppBadge } = navigator as Partial<Navigator>;
  void setAppBadge?.call(navigator, count).catch(() => undefined);
}
