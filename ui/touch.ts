// Whether one writes on glass: there Enter is the only way to begin a new line, and a button sends.

export const isTouch = (): boolean => matchMedia("(pointer: coarse)").matches;
