// Language tags as browsers, systems and library pages give them, which are not always tags: "pt_BR", "en-US@posix", "C", "".
//
// The rule: what asks the browser for dates or plurals passes only tags that this module gave; any other makes them throw.
// Sources: BCP 47, and the locale names of POSIX (language_TERRITORY.codeset@modifier).

/** The tag that a name means, in its canonical form; "" for one that means no language. */
export function tagOf(name: unknown): string {
  if (typeof name !== "string") return "";
  const plain = (name.trim().split(/[.@]/)[0] ?? "").replaceAll("_", "-");
  if (/^(c|posix)$/i.test(plain)) return "";
  try {
    const tag = Intl.getCanonicalLocales(plain)[0] ?? "";
    new Intl.DateTimeFormat(tag);
    return tag;
  } catch {
    return "";
  }
}

/** The language of a tag, as catalogues are named: "pt" of "pt_BR"; "" for none. */
export const languageOf = (name: unknown): string => tagOf(name).split("-")[0]?.toLowerCase() ?? "";

/** The tags among `names`, in their order; `names` may be what a page or a browser did not give at all. */
export const tagsOf = (names: readonly unknown[] | undefined): string[] => (names ?? []).map(tagOf).filter(Boolean);
