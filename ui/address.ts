// What counts as an address for an answer, as the desk sees it (bridge/contract/address.py). Both are tested on the examples of
// tests/addresses.json. A number must name its country: without that no text can be sent. The desk has the last word.

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[\\p{L}\\p{N}_]([\\p{L}\\p{N}_-]{0,61}[\\p{L}\\p{N}_])?\\.";
const MAIL = new RegExp(`^(?=.{1,254}$)(?=.{1,64}@)${ATOM}(\\.${ATOM})*@(${LABEL})+\\p{L}{2,63}$`, "u");
const PHONE = /^\+[\d ().-]{5,}$/;
const NATIONAL = /^\+?\d[\d ().-]{3,28}$/;

/** Whether an answer can be sent there: `kinds` is "mail", "phone" or "mail-phone"; `national`: the desk knows numbers' country. */
export const isAddress = (text: string, kinds: string, national = false): boolean =>
  text.includes("@") ? kinds.includes("mail") && MAIL.test(text) : kinds.includes("phone") && (national ? NATIONAL : PHONE).test(text);
const XMPP = "xmpp:";
export type AddressKind = "mail" | "phone" | "im";

/** What kind of address this is, "" for none; a number may name its country or not. */
export function addressKind(text: string): AddressKind | "" {
  if (text.toLowerCase().startsWith(XMPP)) return MAIL.test(text.slice(XMPP.length)) ? "im" : "";
  if (text.includes("@")) return MAIL.test(text) ? "mail" : "";
  return NATIONAL.test(text) ? "phone" : "";
}

export const isMail = (text: string): boolean => isAddress(text, "mail");
