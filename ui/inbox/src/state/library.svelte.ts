// The library that a coordinator edits: what is kept, what they changed and have not saved, and what is wrong with it.
//
// A draft lives in the browser until it is saved or discarded, so that a lost connection or a closed window costs nothing. The desk
// refuses a document that is older than what it keeps. Then both changes are put together field by field, and the coordinator
// decides where both changed the same.
import { api, Offline, Refusal } from "../api";
import { type Change, type Json, merge } from "../library/merge";
import { type Section, sectionOf } from "../library/sections";
import type { FieldFaultView, LibraryChoices, LibraryDocument } from "../schema";
import { t } from "../words";
import { desk } from "./desk.svelte";
import { notices } from "./notices.svelte";
import { session } from "./session.svelte";

interface Draft {
  base: LibraryDocument;
  document: LibraryDocument;
  at: number;
}

/** What somebody else saved while I was editing. */
export interface Meanwhile {
  by: string; // "" where it is not known
  document: LibraryDocument;
  changes: Change[];
}

const KEEP_MS = 400;
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const json = (value: unknown) => value as Json;

class LibraryEdit {
  id = $state("");
  document = $state<LibraryDocument | null>(null);
  choices = $state.raw<LibraryChoices | null>(null);
  faults = $state.raw<readonly FieldFaultView[]>([]);
  problem = $state("");
  saving = $state(false);
  found = $state(0); // when the draft was written that is shown again (ms); 0: none was
  meanwhile = $state.raw<Meanwhile | null>(null);
  chosen = $state<Record<string, "mine" | "theirs">>({}); // where both changed a field
  private base = $state.raw<LibraryDocument | null>(null);
  private later = 0;

  readonly dirty = $derived(this.document !== null && JSON.stringify(this.document) !== JSON.stringify(this.base));
  readonly changed = $derived.by(() => this.changedSections());

  private changedSections(): ReadonlySet<Section> {
    if (!this.document || !this.base) return new Set();
    const mine = merge(json(flat(this.base)), json(flat(this.base)), json(flat($state.snapshot(this.document)))).theirs;
    return new Set(mine.map((one) => sectionOf(one.path[0] ?? "")));
  }

  /** How many faults a section shows. */
  count(section: Section): number {
    return this.faults.filter((one) => sectionOf(one.field) === section).length;
  }

  fault(field: string): string {
    return this.faults.filter((one) => one.field === field).map((one) => one.says).join(". ");
  }

  // ---- reading --------------------------------------------------------------------------------------------------------

  /** Begin with a library, or go on with it when it is the one that is being edited. */
  async open(id: string): Promise<void> {
    if (this.id === id && this.document) return;
    Object.assign(this, { id, document: null, base: null, choices: null, faults: [], problem: "", found: 0, meanwhile: null });
    try {
      const [document, choices] = await Promise.all([api.library(id), api.libraryChoices(id)]);
      if (this.id !== id) return;
      this.choices = choices;
      this.take(document, this.draft());
    } catch (error) {
      if (this.id === id) this.problem = error instanceof Offline ? t("library.unread") : (error as Error).message;
    }
  }

  private take(document: LibraryDocument, draft: Draft | null): void {
    this.base = copy(draft?.base ?? document);
    this.document = copy(draft?.document ?? document);
    this.found = draft?.at ?? 0;
    if (draft && draft.base.library.revision !== document.library.revision) this.compare(document);
  }

  /** Drop what I changed and show what is kept. */
  async discard(): Promise<void> {
    const id = this.id;
    this.forget();
    this.id = "";
    await this.open(id);
  }

  // ---- the draft ------------------------------------------------------------------------------------------------------

  private get place(): string {
    return `deskbridge.library.${session.me?.id ?? ""}.${this.id}`;
  }

  private draft(): Draft | null {
    try {
      return JSON.parse(localStorage.getItem(this.place) ?? "null") as Draft | null;
    } catch {
      return null;
    }
  }

  /** Keep the draft a moment after the last change. */
  keepSoon(): void {
    clearTimeout(this.later);
    this.later = window.setTimeout(() => this.keep(), KEEP_MS);
  }

  keep(): void {
    clearTimeout(this.later);
    if (!this.document || !this.base) return;
    if (!this.dirty) return localStorage.removeItem(this.place);
    const draft: Draft = { base: this.base, document: $state.snapshot(this.document), at: Date.now() };
    try {
      localStorage.setItem(this.place, JSON.stringify(draft));
    } catch {
      // The browser keeps nothing: the page still does.
    }
  }

  private forget(): void {
    clearTimeout(this.later);
    localStorage.removeItem(this.place);
    this.found = 0;
  }

  // ---- saving ---------------------------------------------------------------------------------------------------------

  /** Save; true when it is kept. What is wrong stands at its fields then. */
  async save(): Promise<boolean> {
    if (!this.document || this.saving) return false;
    this.saving = true;
    this.problem = "";
    this.faults = [];
    try {
      const saved = await api.saveLibrary(this.id, $state.snapshot(this.document));
      this.document.library.revision = saved.revision;
      this.base = copy($state.snapshot(this.document));
      this.meanwhile = null;
      this.forget();
      notices.tell(t("edit.saved", { n: saved.revision }));
      void desk.freshen();
      void this.rechoose();
      return true;
    } catch (error) {
      await this.refused(error);
      return false;
    } finally {
      this.saving = false;
    }
  }

  private async refused(error: unknown): Promise<void> {
    this.keep();
    if (error instanceof Offline) this.problem = t("library.offline");
    else if (error instanceof Refusal && error.reason === "outdated") await this.reread(error.holder);
    else if (error instanceof Refusal && error.faults.length) {
      this.faults = error.faults;
      this.problem = t("library.faults", { n: error.faults.length });
    } else this.problem = (error as Error).message;
  }

  /** Teams and queues may be new ones now. */
  private async rechoose(): Promise<void> {
    try {
      this.choices = await api.libraryChoices(this.id);
    } catch {
      // Those of before are offered.
    }
  }

  // ---- what somebody else saved meanwhile -----------------------------------------------------------------------------

  private async reread(by: string): Promise<void> {
    try {
      this.compare(await api.library(this.id), by);
    } catch {
      this.problem = t("library.offline");
    }
  }

  private compare(document: LibraryDocument, by = ""): void {
    if (!this.document || !this.base) return;
    const changes = merge(json(flat(this.base)), json(flat($state.snapshot(this.document))), json(flat(document))).theirs;
    this.chosen = {};
    this.meanwhile = { by, document, changes: changes.filter((one) => one.path[0] !== "revision") };
  }

  /** Go on with both: their changes and mine, and where both changed a field what was chosen. */
  join(): void {
    if (!this.meanwhile || !this.document || !this.base) return;
    const theirs = this.meanwhile.document;
    const { value } = merge(json(flat(this.base)), json(flat($state.snapshot(this.document))), json(flat(theirs)), (path) => this.chosen[path] ?? "mine");
    const { hours, ...library } = value as unknown as LibraryDocument["library"] & { hours: LibraryDocument["calendar"] };
    this.base = copy(theirs);
    this.document = { library: { ...library, revision: theirs.library.revision }, calendar: hours };
    this.meanwhile = null;
    this.keep();
  }
}

/** A document whose hours stand beside its other fields, as the desk names them. */
function flat(document: LibraryDocument) {
  return { ...document.library, hours: document.calendar };
}

export const library = new LibraryEdit();
