// The few pictures, each beside a word for those who do not see it.

const icon = (path: string) => () => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path d={path} />
  </svg>
);

export const Attach = icon("M8 12.5 14 6.6a3 3 0 0 1 4.3 4.2l-8 8a5 5 0 0 1-7-7L11 4");
export const Send = icon("m4 12 16-7-6 15-3-6Z");
export const More = icon("M5 11.5a.5.5 0 1 0 .01 0M12 11.5a.5.5 0 1 0 .01 0M19 11.5a.5.5 0 1 0 .01 0");
export const Close = icon("M6 6l12 12M18 6 6 18");
