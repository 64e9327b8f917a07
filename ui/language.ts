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

/** A language and the script that it's written in: "zh-CN" and "zh" are written alike, "zh-TW" isn't (CLDR's likely subtags). */
function written(tag: string): string {
  const { language, script } = new Intl.Locale(tag).maximize();
  return `${language}-${script ?? ""}`;
}

/** The tag of `there` that serves the first of `wanted` that can be served; "" for none. The daemon chooses by the same rule. */
export function nearestTag(wanted: readonly string[], there: readonly string[]): string {
  for (const tag of tagsOf(wanted)) {
    const found = there.includes(tag) ? tag : there.find((one) => written(one) === written(tag));
    if (found) return found;
  }
  return "";
}

const FROM_RIGHT = new Set(["Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"]);

/** The direction in which a language is written, for the `dir` of HTML. */
export function directionOf(tag: string): "ltr" | "rtl" {
  return FROM_RIGHT.has(new Intl.Locale(tag).maximize().script ?? "") ? "rtl" : "ltr";
}

const CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;
const FROM_RIGHT_SIGNS = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/;

/** A name inside a sentence: it turns no other sign around, and its own direction doesn't move what follows (UAX #9, isolates). */
export function isolated(value: string, page: string): string {
  const plain = value.replace(CONTROLS, "");
  return page === "rtl" || FROM_RIGHT_SIGNS.test(plain) ? `\u2068${plain}\u2069` : plain;
}
