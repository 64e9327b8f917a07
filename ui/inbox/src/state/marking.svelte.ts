// Which of the composer's buttons was asked for from elsewhere: the palette, or a key.
import type { Marking } from "../marking";

class Asked {
  what = $state<Marking | "">("");

  for(what: Marking): void {
    this.what = what;
  }
}

export const marking = new Asked();
