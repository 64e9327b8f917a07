// What only administrators ask for: how the parts of the desk are, and what becomes of inputs that couldn't be decided.
import { get, send } from "./api";
import type { LetterView, Operations } from "./schema";

const of = (letter: LetterView) => `/operations/letters/${encodeURIComponent(letter.id)}`;

export const operations = {
  read: () => get<Operations>("/operations"),
  retry: (letter: LetterView) => send<undefined>("POST", `${of(letter)}/retry`, {}),
  drop: (letter: LetterView) => send<undefined>("POST", `${of(letter)}/drop`, {}),
};
