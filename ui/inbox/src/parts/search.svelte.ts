// What was searched for and found stays while one reads a hit and comes back.
import type { Hit, Row } from "../schema";

export const remembered = $state<{ q: string; hits: Hit[] | null; next: string; closed: Row[] }>({ q: "", hits: null, next: "", closed: [] });
