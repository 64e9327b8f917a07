// An address that is probably mistyped: one letter away from a well-known domain of mail. It is only asked about, never changed.
//
// The rule: one letter too many, too few, another one, or two that changed places. Nothing is sent anywhere for it: the list is here.
// Domains of mail that look like a mistake of another one (mail.com) are in the list themselves. Short ones are left out, because
// too many real domains are one letter away.

const KNOWN =
  "gmail.com googlemail.com hotmail.com hotmail.de hotmail.fr hotmail.co.uk outlook.com outlook.de outlook.fr yahoo.com yahoo.de yahoo.fr " +
  "yahoo.co.uk ymail.com mail.com email.com icloud.com protonmail.com t-online.de freenet.de posteo.de orange.fr laposte.net " +
  "wanadoo.fr libero.it bluewin.ch comcast.net verizon.net live.com live.de gmx.net gmx.com gmx.de gmx.at gmx.ch web.de aol.com msn.com me.com";
const DOMAINS = KNOWN.split(" ");
const LEAST = 7; // letters of a domain that is suggested

/** The address that was probably meant, "" where nothing looks mistyped. */
export function meant(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1).toLowerCase();
  if (at < 1 || DOMAINS.includes(domain)) return "";
  const found = DOMAINS.find((one) => one.length >= LEAST && isNear(domain, one));
  return found ? address.slice(0, at + 1) + found : "";
}

function isNear(one: string, other: string): boolean {
  let from = 0;
  while (from < one.length && one[from] === other[from]) from += 1;
  const [a, b] = [one.slice(from), other.slice(from)];
  if (a.slice(1) === b || a === b.slice(1) || a.slice(1) === b.slice(1)) return true;
  return a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
}
