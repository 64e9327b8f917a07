"""By which terms an entry is found: stems of its words, and trigrams that survive a typo.

A term is `language` + kind + text. Kind `=` is a stem, by the snowball stemmer of the language; a language without one keeps its
words whole, and runs without spaces are cut into pairs (bridge.sql.transcripts.search_words). Kind `~` is a trigram of a word
of the title or of a phrasing, with `_` at both ends of the word. All are compared without case and accents.

Weights are whole numbers, so that sums are the same on every database.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

import snowballstemmer

from bridge.sql.transcripts.search_words import RUN, tokens

STEM, GRAM = "=", "~"
SCALE = 1000
MOST_ASKED = 40  # words of a question that are looked up

_STEMMERS: Mapping[str, str] = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
    "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# Words that questions are made of and that name nothing; a question of these alone keeps them.
_NOTHING: Mapping[str, str] = {
    "en": (
        "a an the i you he she it we they me my your his her its our their is are was were be been am do does did can could will "
        "would may might shall should have has had how what when where which who why this that these those there here of in on at "
        "to for from with by and or not no if s t don please about some any something somewhere someone one"
    ),
    "de": (
        "ein eine einen einem einer der die das den dem des ich du er sie es wir ihr mich mir mein meine meinen meinem meiner sich "
        "ist sind war bin sein habe hat haben kann kannst können könnte darf muss soll will werden wird wie was wann wo welche "
        "welcher welches wer warum dies diese dieser dieses da hier von in im an am zu zum zur für aus mit bei und oder nicht kein "
        "keine wenn man bitte über etwas gibt"
    ),
    "es": (
        "un una unos unas el la los las yo tú él ella nosotros me mi mis su sus es son ser estar hay puedo puede tengo tiene cómo "
        "como qué que cuándo cuando dónde donde cuál cual quién por para de del en con y o no si a al se lo este esta esto"
    ),
    "fr": (
        "un une des le la les l d je tu il elle nous vous me mon ma mes votre vos est sont être ai a peux peut puis avoir comment "
        "que quoi qu quand où quel quelle quels quelles qui pourquoi ce cette ces c de du en dans à au aux pour par avec et ou ne "
        "pas si on se y est"
    ),
}
_EMPTY = {language: frozenset(words.split()) for language, words in _NOTHING.items()}
_WORD = re.compile(r"\w+")
_MARKDOWN_LINK = re.compile(r"\]\([^)\s]*\)|https?://\S+")
_SATURATION = 1.2
_USUAL_LENGTH = 40  # tokens of an entry, against which longer ones count less


@lru_cache(64)
def _stemmer(language: str) -> snowballstemmer.stemmer | None:
    name = _STEMMERS.get(language.partition("-")[0])
    return snowballstemmer.stemmer(name) if name in snowballstemmer.algorithms() else None


@lru_cache(50_000)
def _stemmed(word: str, language: str) -> tuple[str, ...]:
    stemmer = _stemmer(language)
    return tuple(tokens(word if stemmer is None or RUN.search(word) else stemmer.stemWord(word)))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


def stems(text: str, language: str) -> list[str]:
    """Return the stems of a text in order."""
    return [stem for word in _words(text) for stem in _stemmed(word, language)]


def trigrams(text: str) -> list[str]:
    """Return the trigrams of a text's words; a word shorter than three letters is known by its stem alone."""
    found = []
    for word in tokens(text):
        if len(word) >= 3 and not RUN.match(word):
            padded = f"_{word[:40]}_"
            found += [padded[n : n + 3] for n in range(len(padded) - 2)]
    return found


def entry_terms(title: str, asked: Iterable[str], topics: Iterable[str], body: str, language: str) -> dict[str, int]:
    """Return the terms of one entry in one language with their weights, at most `SCALE` each."""
    questions = [title, *asked]
    counted: Counter[str] = Counter()
    for text, boost in ((" ".join(questions), 3), (" ".join(topics), 1), (_MARKDOWN_LINK.sub(" ", body), 1)):
        for stem in stems(text, language):
            counted[stem] += boost
    spread = sum(counted.values())
    found = {f"{language}{STEM}{stem}": _weight(count, spread, 3 * _USUAL_LENGTH) for stem, count in counted.items()}
    grams = Counter(gram for question in questions for gram in set(trigrams(question)))
    found |= {f"{language}{GRAM}{gram}": _weight(count, len(grams), _USUAL_LENGTH) for gram, count in grams.items()}
    return found


def _weight(count: int, length: int, usual: int) -> int:
    """Weigh as BM25 does (Robertson and Zaragoza 2009): more of a term helps less and less, length counts against it."""
    return round(SCALE * count / (count + _SATURATION * (0.6 + 0.4 * length / usual)))


def question_terms(asked: str, languages: Iterable[str]) -> list[str]:
    """Return the terms by which a question may be found in any of the languages, each once."""
    words = _words(asked)[:MOST_ASKED]
    found: dict[str, None] = {}
    for language in languages:
        empty = _EMPTY.get(language.partition("-")[0], frozenset())
        telling = " ".join([word for word in words if word not in empty] or words)
        found |= dict.fromkeys(f"{language}{STEM}{stem}" for stem in stems(telling, language))
        found |= dict.fromkeys(f"{language}{GRAM}{gram}" for gram in sorted(set(trigrams(telling))))
    return list(found)


def kind_of(term: str) -> str:
    """Return a term's kind: the first mark in it, since no language tag holds one."""
    return next(char for char in term if char in (STEM, GRAM))


def language_of(term: str) -> str:
    """Return the language whose texts a term finds."""
    return term.partition(kind_of(term))[0]
