// What the desk tells about conversations, over the live line or in an answer: rows and lines are taken into everything that shows them.
import type { Told } from "../overtaken";
import type * as s from "../schema";
import { calls } from "./calls.svelte";
import { colleagues } from "./colleagues.svelte";
import { lists } from "./lists.svelte";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import { requests } from "./requests.svelte";
import { dropFound } from "./search.svelte";
import { threads } from "./thread.svelte";

/** The live line tells of rows. */
export function rowsTold({ upsert, remove }: Pick<s.RowsTold, "upsert" | "remove">): void {
  calls.gave(upsert);
  lists.board.told([...upsert.map((row) => row.id), ...remove]);
  listed(upsert, remove);
  if (upsert.some((row) => row.id === navigation.openId)) navigation.attend();
}

/** The live line tells of lines. */
export function linesTold({ conversation, lines }: s.LinesTold): void {
  const thread = threads.get(conversation);
  if (!thread) return;
  const fresh = thread.hear(lines);
  requests.confirm(thread);
  if (conversation !== navigation.openId) return;
  for (const line of fresh) if (line.who === "patron") notices.announce(`${line.author || thread.view?.row.patron || ""}: ${line.text}`);
  navigation.readOpen();
}

/** An action was answered. What the line told of the row meanwhile is newer than the answer. */
export function learn({ row, line, conversation }: s.Acted, told: Told): void {
  if (row && !told.has(row.id)) {
    listed(row.views.length ? [row] : [], row.views.length ? [] : [row.id]);
    threads.get(row.id)?.row(row);
  }
  const thread = threads.get(conversation);
  if (line && thread) {
    thread.hear([line]);
    requests.confirm(thread);
  }
}

function listed(upsert: readonly s.Row[], remove: readonly string[]): void {
  calls.compare(upsert);
  lists.upsert(upsert);
  lists.remove(remove);
  lose(remove);
  for (const row of upsert) threads.get(row.id)?.row(row);
  colleagues.rows(upsert, remove);
  calls.hush();
  navigation.readOpen();
}

/** Keep nothing in the page that is not mine to see any more. */
function lose(ids: readonly string[]): void {
  if (ids.length) dropFound(ids);
  for (const id of ids) {
    calls.heed(id);
    if (navigation.thread?.id !== id) threads.drop(id);
  }
  if (navigation.thread && ids.includes(navigation.thread.id)) navigation.doubt();
}
