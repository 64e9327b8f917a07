// The organisation as a page holds it: fetched once, then kept by what the line tells of people, channels, queues and hours.
//
// A fetch and the line may overtake each other, so each change says as of which position it is true. What a fetch knows already is
// not taken in again; what it does not know yet is taken in once more.
import type { Organisation, OrganisationTold } from "./schema";

const KEPT = 200;

function isNewer(told: OrganisationTold, held: Organisation): boolean {
  const [epoch, seq] = told.as_of.split(":");
  const [heldEpoch, heldSeq] = held.position.split(":");
  return epoch !== heldEpoch || Number(seq) > Number(heldSeq);
}

/** Return the organisation with one change, or as it is where it knows that change already. */
export function patched(held: Organisation, told: OrganisationTold): Organisation {
  if (!isNewer(told, held)) return held;
  const present = new Map(told.people.map((one) => [one.id, one.present]));
  const channels = new Map(told.channels.map((one) => [one.channel, one]));
  const queues = new Map(told.queues.map((one) => [one.id, one]));
  const hours = new Map(told.libraries.map((one) => [one.id, one]));
  return {
    ...held,
    librarians: held.librarians.map((one) => ({ ...one, present: present.get(one.id) ?? one.present })),
    queues: queues.size ? held.queues.map((one) => ({ ...one, ...queues.get(one.id) })) : held.queues,
    libraries: hours.size ? held.libraries.map((one) => ({ ...one, ...hours.get(one.id) })) : held.libraries,
    channels: [...held.channels.filter((one) => !channels.has(one.channel)), ...told.channels],
  };
}

/** The latest changes, for a fetch that is answered late or by a process that is behind. */
export class OrganisationChanges {
  private changes: OrganisationTold[] = [];

  add(told: OrganisationTold): void {
    this.changes = [...this.changes, told].slice(-KEPT);
  }

  /** Return what was fetched, with all that it does not know yet. */
  onto(fetched: Organisation): Organisation {
    this.changes = this.changes.filter((told) => isNewer(told, fetched));
    return this.changes.reduce(patched, fetched);
  }
}
