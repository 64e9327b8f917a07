// Where an answer goes: by which of the patron's addresses, and how much text fits.
//
// The rule: an address that the librarian chose is taken; without a choice the desk answers where the patron wrote last. A patron of the
// web chat who has left is answered at the address that they gave for it.
import type { Address, Row } from "./schema";

export interface Reach {
  target: Address | undefined; // the address that was chosen
  left: Address | undefined; // given for answers, and a channel serves it
  channel: string; // that carries the answer
  reached: Address | undefined; // the address that is answered, where it is known
  most: number; // characters that fit; 0 where nothing limits them
}

/** The addresses that may be answered. */
export const answerable = (addresses: readonly Address[]): Address[] => addresses.filter((address) => !address.blocked);

export function reachOf(row: Pick<Row, "channel" | "left" | "live">, addresses: readonly Address[], via: string, most: number): Reach {
  const target = addresses.find((address) => address.via === via);
  const left = addresses.find((address) => address.left && !address.current);
  const channel = target?.channel ?? (row.left && row.live && left ? left.channel : row.channel);
  const reached = target ?? addresses.find((address) => address.current);
  return { target, left, channel, reached, most: reached?.max_text ?? most };
}
