// What only coordinators and administrators ask for: people one at a time, invitations, the history of a library, new libraries.
import { get, send } from "./api";
import type * as s from "./schema";

const of = (library: string) => `/organisation/${encodeURIComponent(library)}`;
const person = (library: string, id: string) => `${of(library)}/people/${encodeURIComponent(id)}`;
const guest = (library: string, id: string) => `${of(library)}/guests/${encodeURIComponent(id)}`;
const changes = (library: string) => (library ? `${of(library)}/changes` : "/changes");

export const staff = {
  accounts: (library: string) => get<s.AccountsView>(`${of(library)}/accounts`),
  add: (library: string, asked: s.NewPersonAsked) => send<s.Saved>("POST", `${of(library)}/people`, asked),
  edit: (library: string, id: string, asked: s.PersonAsked) => send<s.Saved>("PUT", person(library, id), asked),
  remove: (library: string, id: string) => send<s.Saved>("DELETE", person(library, id), {}),
  deactivate: (library: string, id: string) => send<s.Saved>("POST", `${person(library, id)}/deactivate`, {}),
  reactivate: (library: string, id: string) => send<s.Saved>("POST", `${person(library, id)}/reactivate`, {}),
  invite: (library: string, id: string) => send<s.InvitationLink>("POST", `${person(library, id)}/invitation`, {}),
  addGuest: (library: string, id: string) => send<s.Saved>("PUT", guest(library, id), {}),
  removeGuest: (library: string, id: string) => send<s.Saved>("DELETE", guest(library, id), {}),
  /** One page of a library's changes, of all for "". */
  changes: (library: string, cursor: string) => get<s.Changes>(changes(library), { cursor }),
  undo: (library: string, n: number, partly: boolean) => send<s.Saved>("POST", `${changes(library)}/${n}/undo`, { partly }),
  make: (asked: s.NewLibraryAsked) => send<s.Saved>("POST", "/libraries", asked),
  removal: (library: string) => get<s.RemovalView>(`/libraries/${encodeURIComponent(library)}/removal`),
  removeLibrary: (library: string) => send<s.Saved>("POST", `/libraries/${encodeURIComponent(library)}/removal`, { clear: true }),
};

/** The parts of a text with commas between them. */
export const parts = (text: string) => text.split(",").map((one) => one.trim()).filter(Boolean);
