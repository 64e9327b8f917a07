"""The words that people read: one file a catalogue and language, `<catalogue>.<tag>.json`, in `bridge/words/`.

The rules. English is complete; what another language lacks is said in English, and one that lacks more than half isn't offered.
An entry is a text, or an object with a text for each plural form of its language (CLDR: one, few, other), chosen by `n`. `{name}`
is filled in, once.

An operator's folder may hold more such files, and files that change single words of ours. An entry that doesn't fit its English one
is left out: see `entry_faults`. Nothing here is built: a new language is a new file and a restart.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_location
from babel.numbers import format_decimal

from bridge.contract.language_tag import language_tag, nearest

SHIPPED = Path(__file__).parents[1] / "words"
ENGLISH = "en"
LARGEST = 2_000_000  # bytes of a file
BUILT_IN = frozenset({"inbox"})  # catalogues whose English words are built into their page
ADDRESS = re.compile(r"(?P<catalogue>[a-z]+)\.(?P<tag>[A-Za-z0-9-]+)\.(?P<version>[0-9a-f]{16})\.json")
FILE = re.compile(r"(?P<catalogue>[a-z]+)\.(?P<tag>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.json")
NAME = re.compile(r"\{(\w+)\}")
COUNT = "n"  # the name whose value chooses the plural form
PLAIN = frozenset({"desk", "loader"})  # catalogues whose readers know no plural forms

Entry = str | dict[str, str]
Words = Mapping[str, Entry]


class BadWords(ValueError):
    """A file of words can't be read at all."""


@dataclass(frozen=True)
class _Folders:
    """Where files of words are: ours first, then an operator's."""

    own: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        yield SHIPPED
        if self.own is not None:
            yield self.own


_folders = _Folders()


def use(own: Path | None) -> None:
    """Read an operator's folder beside ours from now on; None for ours alone."""
    global _folders
    _folders = _Folders(own)
    for kept in (tags, words, published):
        kept.cache_clear()


def files(folder: Path) -> list[tuple[str, str, Path]]:
    """Return the files of words in a folder: catalogue, tag and path."""
    found = ((FILE.fullmatch(path.name), path) for path in sorted(folder.iterdir()) if path.is_file())
    return [
        (match["catalogue"], match["tag"], path)
        for match, path in found
        if match and language_tag(match["tag"]) == match["tag"]
    ]


def read(path: Path) -> dict[str, Entry]:
    """Return a file as it is. Raises BadWords."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadWords(f"{path.name}: longer than {LARGEST} bytes")
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Entry])
    except (OSError, msgspec.MsgspecError) as error:
        raise BadWords(f"{path.name}: {error}") from None


@cache
def tags(catalogue: str) -> tuple[str, ...]:
    """Return the languages of a catalogue that are offered, English first."""
    found = {tag for folder in _folders for name, tag, _ in files(folder) if name == catalogue}
    enough = len(words(catalogue, ENGLISH)) / 2
    return (ENGLISH, *sorted(tag for tag in found - {ENGLISH} if len(words(catalogue, tag)) >= enough))


@cache
def words(catalogue: str, tag: str) -> Words:
    """Return what a catalogue has in one of its `tags`, without what it lacks."""
    found: dict[str, Entry] = {}
    for folder in _folders:
        path = folder / f"{catalogue}.{tag}.json"
        if not path.is_file():
            continue
        if folder == SHIPPED:
            found |= read(path)
            continue
        try:
            found |= _fitting(catalogue, tag, read(path))
        except BadWords:
            continue  # `deskbridge check` and the start say so
    return found


def _fitting(catalogue: str, tag: str, given: Words) -> dict[str, Entry]:
    wrong = {key for key, _ in gaps(catalogue, tag, given).faults}
    return {key: entry for key, entry in given.items() if key not in wrong}


class Published(NamedTuple):
    """A language's words as a page fetches them: plain, and packed by gzip. `name` holds their digest and ends their address."""

    name: str
    plain: bytes
    packed: bytes


@cache
def published(
    catalogue: str, tag: str, only: frozenset[str] | None = None, but: frozenset[str] = frozenset()
) -> Published:
    """Return a language's words for a page, with the English ones that it lacks unless its page has those already.

    `only` and `but` are the keys of a part, for a page that fetches its words in parts.
    """
    found = words(catalogue, tag)
    whole = found if catalogue in BUILT_IN else {**words(catalogue, ENGLISH), **found}
    part = {key: entry for key, entry in whole.items() if key not in but and (only is None or key in only)}
    plain = msgspec.json.encode(part)
    name = f"{catalogue}.{tag}.{sha256(plain).hexdigest()[:16]}.json"
    return Published(name, plain, gzip.compress(plain, 9, mtime=0))


def addresses(catalogue: str) -> dict[str, str]:
    """Return the last part of the address of each language's words."""
    return {tag: published(catalogue, tag).name for tag in tags(catalogue)}


def at_address(name: str, *allowed: str) -> Published | None:
    """Return the words that an address of `addresses` names, those of today for an older one; None for no such words."""
    asked = ADDRESS.fullmatch(name)
    if asked is None or asked["catalogue"] not in allowed or asked["tag"] not in tags(asked["catalogue"]):
        return None
    return published(asked["catalogue"], asked["tag"])


def chosen(catalogue: str, wanted: Iterable[str]) -> str:
    """Return the tag that serves the first of `wanted` that can be served, else English."""
    return nearest(wanted, tags(catalogue)) or ENGLISH


def say(catalogue: str, tag: str, key: str, /, **values: object) -> str:
    """Return one text filled in, in English where the language lacks it."""
    found = words(catalogue, tag).get(key)
    if found is None:
        return filled(words(catalogue, ENGLISH)[key], ENGLISH, values)
    return filled(found, tag, values)


def moment(at: int, timezone: str, tag: str) -> str:
    """Return a moment (ms) for people of another language: the day of the week, the time and the place whose time it is (CLDR)."""
    zone = ZoneInfo(timezone)
    when = datetime.fromtimestamp(at / 1000, zone)
    locale = _locale(tag)
    clock = f"{format_date(when.date(), 'EEEE', locale=locale)} {format_time(when.time(), 'short', locale=locale)}"
    place = get_timezone_location(timezone, locale=locale, return_city=True)
    return f"{clock} ({place})" if "/" in timezone else clock


def filled(entry: Entry, tag: str, values: Mapping[str, object]) -> str:
    """Return an entry with each {name} filled in, in the plural form that `n` asks for; an unknown name stays."""
    text = entry if isinstance(entry, str) else entry.get(_form(tag, values.get(COUNT))) or entry.get("other", "")
    return NAME.sub(lambda match: _shown(values.get(match[1], match[0]), tag), text)


def _shown(value: object, tag: str) -> str:
    return str(format_decimal(value, locale=_locale(tag))) if isinstance(value, int) else str(value)


def _form(tag: str, count: object) -> str:
    return str(_locale(tag).plural_form(count)) if isinstance(count, int | float) else "other"


@cache
def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(language_tag(tag) or ENGLISH, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse(ENGLISH)


@cache
def plural_forms(tag: str) -> frozenset[str]:
    """Return the plural forms that a language may have (CLDR)."""
    return frozenset(_locale(tag).plural_form.tags | {"other"})


@cache
def usual_forms(tag: str) -> frozenset[str]:
    """Return the plural forms that a language needs for numbers up to a thousand: French needs none for a million."""
    return frozenset({_form(tag, count) for count in range(1001)} | {"other"})


def entry_faults(tag: str, entry: Entry, english: Entry) -> list[str]:
    """Return what is wrong with an entry beside its English one: other names in braces, plural forms that the language hasn't."""
    names = _names(english)
    if isinstance(entry, str):
        wrong = [] if entry.strip() else ["it is empty"]
        return wrong + _other_names(names, _names(entry))
    wrong = [f"{tag} has no plural form {form!r}" for form in entry if form not in plural_forms(tag)]
    if COUNT not in names and isinstance(english, str):
        wrong.append("it has no number {n} to choose a plural form by")
    if missing := sorted(usual_forms(tag) - entry.keys()):
        wrong.append(f"plural forms are missing: {', '.join(missing)}")
    wrong += [f"{form}: it is empty" for form, text in entry.items() if not text.strip()]
    for form, text in entry.items():  # a form may leave the number out: "a minute", "دقيقتان"
        wrong += [f"{form}: {said}" for said in _other_names(names - {COUNT}, _names(text) - {COUNT})]
        if COUNT in _names(text) - names:
            wrong.append(f"{form}: {{n}} is never filled in")
    return wrong


class Gaps(NamedTuple):
    """What a file lacks and what is wrong with it, by key."""

    missing: list[str]
    faults: list[tuple[str, str]]


def gaps(catalogue: str, tag: str, given: Words) -> Gaps:
    """Compare what a language has with English. Raises BadWords for a catalogue that there isn't."""
    try:
        english = read(SHIPPED / f"{catalogue}.{ENGLISH}.json")
    except BadWords:
        raise BadWords(f"there is no catalogue {catalogue!r}: {', '.join(catalogues())}") from None
    faults = [(key, "English has no such key") for key in given if key not in english]
    for key in english.keys() & given.keys():
        faults += [(key, said) for said in entry_faults(tag, given[key], english[key])]
        if catalogue in PLAIN and isinstance(given[key], dict):
            faults.append((key, "plural forms can't stand in this catalogue"))
    return Gaps([key for key in english if key not in given], sorted(faults))


def folder_faults(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with an operator's folder: file, key ("" for the whole file) and what."""
    for path in sorted(folder.iterdir()):
        found = FILE.fullmatch(path.name)
        if found is None or language_tag(found["tag"]) != found["tag"]:
            yield path.name, "", "its name isn't <catalogue>.<language>.json, with a language tag such as pt or zh-Hans"
            continue
        try:
            wrong = gaps(found["catalogue"], found["tag"], read(path)).faults
        except BadWords as error:
            yield path.name, "", str(error)
            continue
        yield from ((path.name, key, what) for key, what in wrong)


def catalogues() -> list[str]:
    """Return the names of the catalogues."""
    return [name for name, tag, _ in files(SHIPPED) if tag == ENGLISH]


def _names(entry: Entry) -> frozenset[str]:
    texts = [entry] if isinstance(entry, str) else entry.values()
    return frozenset(name for text in texts for name in NAME.findall(text))


def _other_names(wanted: frozenset[str], found: frozenset[str]) -> list[str]:
    lost = [f"{{{name}}} is missing" for name in sorted(wanted - found)]
    return lost + [f"{{{name}}} is never filled in" for name in sorted(found - wanted)]
