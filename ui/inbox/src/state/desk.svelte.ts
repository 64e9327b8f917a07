// What the page knows of the desk as a whole: how many wait, who is available, and how the channels are.
//
// Each is fetched once and then kept by what the live line tells. What changes by the clock alone, such as a library that closes, is
// not told: so a page or dialog that shows it fetches once when it opens.
import { api } from "../api";
import { lookOf, type Look } from "../channels";
import { OrganisationChanges, patched } from "../organisation";
import type * as s from "../schema";
import { isView, type Page } from "./pages";

const NO_DESK: s.Desk = { waiting: 0, mine: 0, open: 0, aside: 0, follow_ups: 0, oldest_since: 0, channels_down: [] };

class Desk {
  counts = $state.raw<s.Desk>(NO_DESK);
  organisation = $state.raw<s.Organisation | null>(null);
  down = $state(""); // why the desk itself cannot answer now
  private readonly changes = new OrganisationChanges();
  private readonly freshened = { asked: 0, held: 0 };

  /** Fetch who is available and what waits where. */
  async freshen(): Promise<void> {
    const asked = (this.freshened.asked += 1);
    try {
      const organisation = await api.organisation();
      if (asked < this.freshened.held) return; // a later answer is here already
      this.freshened.held = asked;
      this.organisation = this.changes.onto(organisation);
    } catch {
      // The page keeps what it has; the line tells what changes.
    }
  }

  /** Take in who came and went and how the channels are; nothing is fetched for it. */
  organisationTold(message: s.OrganisationTold): void {
    this.changes.add(message);
    if (this.organisation) this.organisation = patched(this.organisation, message);
  }

  count(page: Page): number {
    if (page === "follow-ups") return this.counts.follow_ups;
    return isView(page) ? this.counts[page] : 0;
  }

  /** The librarians whom `me` can write to and ask. */
  colleaguesOf(me: string): s.Person[] {
    return (this.organisation?.librarians ?? []).filter((one) => one.id !== me && one.active && one.role !== "counter");
  }

  person(id: string): s.Person | undefined {
    return this.organisation?.librarians.find((person) => person.id === id);
  }

  queueName(id: string): string {
    return this.organisation?.queues.find((one) => one.id === id)?.name ?? id;
  }

  libraryName(id: string): string {
    return this.organisation?.libraries.find((one) => one.id === id)?.name ?? id;
  }

  /** The label and the icon of a channel. */
  look(channel: string): Look {
    return lookOf(this.organisation, channel);
  }
}

export const desk = new Desk();
