// The counts of this browser: those that the desk has not got yet, and those of today that can be taken back.
//
// The rule: a count is in the browser's store before the screen says so, and stays there until the desk has said yes or no. It is handed
// in under its own id, so a repeat counts once. A count that was taken back before it went out never goes out; one that may have
// arrived is handed in and then taken back. Nobody's counts go out under another name: each says who counted it.
import type { QuestionCounted } from "../inbox/src/schema";

export interface Entry {
  by: string;
  question: QuestionCounted;
  /** "new": to be handed in; "tried": it may have arrived; "sent": the desk has it; "no": the desk refused it. */
  state: "new" | "tried" | "sent" | "no";
  back: boolean; // it is to be taken back
  why: string; // of a refusal
}

/** What hands in: the desk's side of the line. */
export interface Line {
  count(questions: QuestionCounted[]): Promise<{ is: string; why?: string }>;
  takeBack(id: string): Promise<{ is: string; why?: string }>;
}

const PLACE = "deskbridge.counter";
const AT_ONCE = 20;
const KEPT_MS = 86_400_000;

export class Queue {
  constructor(private readonly store: Pick<Storage, "getItem" | "setItem">, private readonly now: () => number = Date.now) {}

  /** All entries, oldest first; those of other windows too. */
  all(): Entry[] {
    try {
      return JSON.parse(this.store.getItem(PLACE) ?? "[]") as Entry[];
    } catch {
      return [];
    }
  }

  /** Keep a count. Throws where the browser's store is full or closed: then nothing was counted. */
  add(by: string, question: QuestionCounted): void {
    this.write([...this.all(), { by, question, state: "new", back: false, why: "" }]);
  }

  /** Take a count back: one that never went out is dropped, of another the desk is told. */
  takeBack(id: string): void {
    this.write(
      this.all()
        .filter((one) => one.question.id !== id || one.state === "tried" || one.state === "sent")
        .map((one) => (one.question.id === id ? { ...one, back: true } : one)),
    );
  }

  /** What the desk has to hear yet of this person. */
  waiting(by: string): Entry[] {
    return this.all().filter((one) => one.by === by && one.state !== "no" && (one.state !== "sent" || one.back));
  }

  /** What others counted in this browser and the desk has not got: it waits until they sign in again. */
  ofOthers(by: string): Entry[] {
    return this.all().filter((one) => one.by !== by && one.state !== "no" && (one.state !== "sent" || one.back));
  }

  /** Hand in what waits, as far as the line carries. Returns what ended it: "ok", "away", "signed-out". */
  async handIn(by: string, line: Line): Promise<string> {
    for (let todo = this.unsent(by); todo.length; todo = this.unsent(by)) {
      const said = await this.some(todo.slice(0, AT_ONCE), line);
      if (said !== "ok") return said;
    }
    for (const one of this.waiting(by)) {
      const said = await line.takeBack(one.question.id);
      if (said.is !== "ok" && said.is !== "no") return said.is;
      this.write(this.all().filter((other) => other.question.id !== one.question.id));
    }
    this.write(this.all().filter((one) => one.state !== "sent" || one.question.at > this.now() - KEPT_MS));
    return "ok";
  }

  private unsent(by: string): Entry[] {
    return this.waiting(by).filter((one) => one.state !== "sent");
  }

  /** The desk takes all of a request or nothing: where it says no, each is asked for by itself. */
  private async some(entries: Entry[], line: Line): Promise<string> {
    this.set(entries, { state: "tried" });
    const said = await line.count(entries.map((one) => one.question));
    if (said.is === "ok") this.set(entries, { state: "sent" });
    else if (said.is !== "no") return said.is;
    else if (entries.length === 1) this.set(entries, { state: "no", why: said.why ?? "" });
    else
      for (const one of entries) {
        const each = await this.some([one], line);
        if (each !== "ok") return each;
      }
    return "ok";
  }

  private set(which: Entry[], change: Partial<Entry>): void {
    const ids = new Set(which.map((one) => one.question.id));
    this.write(this.all().map((one) => (ids.has(one.question.id) ? { ...one, ...change } : one)));
  }

  private write(entries: Entry[]): void {
    this.store.setItem(PLACE, JSON.stringify(entries));
  }
}
