// Who gets a copy: addresses as a librarian writes them, read one by one, and said plainly before anything goes out.
import { isMail } from "../../address";
import type { OtherRecipient } from "./schema";

/** What is chosen for the next answer: those of the patron's mail by their `via`, others as written, and another subject. */
export interface Copies {
  all: readonly string[];
  cc: string;
  bcc: string;
  subject: string;
}

export const NO_COPIES: Copies = { all: [], cc: "", bcc: "", subject: "" };

/** The addresses in a field, in order and once each; they may be divided by commas, semicolons, spaces or lines. */
export const addressesIn = (text: string): string[] => [...new Set(text.split(/[\s,;]+/u).filter(Boolean))];

/** What in a field is no mail address. */
export const unread = (text: string): string[] => addressesIn(text).filter((one) => !isMail(one));

export const faulty = (copies: Pick<Copies, "cc" | "bcc">): string[] => [...unread(copies.cc), ...unread(copies.bcc)];

/** What the desk is asked: empty fields are left out. */
export function asked(copies: Copies): { cc?: string[]; bcc?: string[]; subject?: string } {
  const cc = [...copies.all, ...addressesIn(copies.cc)];
  const bcc = addressesIn(copies.bcc);
  const subject = copies.subject.trim();
  return { ...(cc.length ? { cc } : {}), ...(bcc.length ? { bcc } : {}), ...(subject ? { subject } : {}) };
}

/** Whom all of them see named, as they are shown to the librarian. */
export const named = (copies: Copies, others: readonly OtherRecipient[]): string[] => [
  ...others.filter((one) => copies.all.includes(one.via)).map((one) => one.address),
  ...addressesIn(copies.cc),
];
