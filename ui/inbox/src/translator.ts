// The browser's own translator, where it has one (Translator API, W3C WebML). Nothing that is translated leaves the browser.
//
// The rule: it's offered only for words of another language, the original stays in sight, and what a machine wrote says so.
import { languageOf, nearestTag } from "../../language";

type Pair = { sourceLanguage: string; targetLanguage: string };
interface Translators {
  availability(pair: Pair): Promise<"unavailable" | "downloadable" | "downloading" | "available">;
  create(pair: Pair): Promise<{ translate(text: string): Promise<string>; destroy(): void }>;
}
interface Detectors {
  availability(): Promise<string>;
  create(): Promise<{ detect(text: string): Promise<{ detectedLanguage: string; confidence: number }[]>; destroy(): void }>;
}

const browser = globalThis as { Translator?: Translators; LanguageDetector?: Detectors };
const SURE = 0.6;

/** This browser has no words for that pair of languages. */
export class Untranslatable extends Error {}

/** Whether this browser can put words of one language into another. */
export async function canTranslate(sourceLanguage: string, targetLanguage: string): Promise<boolean> {
  try {
    return !!browser.Translator && (await browser.Translator.availability({ sourceLanguage, targetLanguage })) !== "unavailable";
  } catch {
    return false; // it doesn't know such a language
  }
}

/** Whether a patron who speaks `spoken` writes another language than the page's. */
export const isForeign = (spoken: string, page: string): boolean => spoken !== "" && !nearestTag([spoken], [page]);

async function detected(text: string): Promise<string> {
  if ((await browser.LanguageDetector?.availability()) !== "available") return ""; // nobody waits for it to be fetched
  const detector = await browser.LanguageDetector?.create();
  if (!detector) return "";
  try {
    const [best] = await detector.detect(text);
    return best && best.confidence >= SURE ? best.detectedLanguage : "";
  } finally {
    detector.destroy();
  }
}

/** A text in the language `to`; `from` is what its writer speaks, "" where nobody knows. Throws Untranslatable. */
export async function translated(text: string, from: string, to: string): Promise<string> {
  const found = (await detected(text).catch(() => "")) || from;
  if (!browser.Translator || languageOf(found) === languageOf(to) || !(await canTranslate(found, to))) throw new Untranslatable();
  const translator = await browser.Translator.create({ sourceLanguage: found, targetLanguage: to });
  try {
    return await translator.translate(text);
  } finally {
    translator.destroy();
  }
}
