// Keys that an input method takes for itself: Enter chooses the characters that it offers, Escape drops them.
//
// The rule: while it composes no key is ours. Safari ends the composition before it tells of the key that ended it; that key is known
// by its code alone (229). Source: UI Events, "Input Method Editors".

export const isComposing = (event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean => event.isComposing || event.keyCode === 229;
