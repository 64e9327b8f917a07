"""The page in a patron's own file: no script, nothing from elsewhere, and every word of others escaped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import escape
from urllib.parse import quote

import msgspec

from bridge.contract.formatting import plain
from bridge.contract.language_tag import direction
from bridge.contract.message import FormAnswer
from bridge.privacy.own_data.contents import LEFT_OUT, OwnDataContents
from bridge.sql.privacy.own_data import KeptConversation
from bridge.sql.transcripts.lines import TranscriptLine

STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; --line: color-mix(in srgb, currentColor 30%, transparent); }
body { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.25; }
section { margin-block-start: 2rem; padding-block-start: 1rem; border-block-start: 1px solid var(--line); }
dl { display: grid; grid-template-columns: minmax(7rem, 10rem) 1fr; gap: 0.25rem 1rem; }
dd { margin: 0; }
ol.lines { list-style: none; padding: 0; }
ol.lines li { margin-block: 0.75rem; padding-inline-start: 0.75rem; border-inline-start: 3px solid var(--line); }
ol.lines li.you { border-color: currentColor; }
ol.lines p { margin: 0; white-space: pre-wrap; }
small, dt { opacity: 0.85; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"
_answers = msgspec.json.Decoder(list[FormAnswer])


async def html(contents: OwnDataContents) -> AsyncIterator[bytes]:
    """Yield the page, a piece at a time."""
    desk = contents.desk
    title = escape(desk.word("of", library=desk.library(desk.home)))
    yield (
        f'<!doctype html>\n<html lang="{desk.language}" dir="{direction(desk.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    ).encode()
    yield _head(contents).encode()
    nothing = True
    async for one in contents.conversations():
        nothing = False
        yield _begin(contents, one).encode()
        async for line, files in contents.lines(one):
            yield _line(contents, line, files).encode()
        yield b"</ol></section>"
    if nothing:
        yield f"<p>{escape(desk.word('nothing'))}</p>".encode()
    items = "".join(f"<li>{escape(desk.word(key))}</li>" for key in LEFT_OUT)
    yield f"<section><h2>{escape(desk.word('leftOut'))}</h2><ul>{items}</ul></section></main></body></html>".encode()


def _head(contents: OwnDataContents) -> str:
    desk = contents.desk
    said = [desk.word("made", when=desk.moment(contents.made_at * 1000, "long"))]
    if contents.addresses:
        said.append(desk.word("under", addresses=", ".join(contents.addresses)))
    said.append(desk.word("programs"))
    if contents.elsewhere:
        said.append(desk.word("elsewhere", n=contents.elsewhere))
    said.append(desk.word("forget"))
    return "".join(f"<p>{escape(one)}</p>" for one in said)


def _begin(contents: OwnDataContents, one: KeptConversation) -> str:
    desk = contents.desk
    rows = [(desk.word(key), value) for key, value in _facts(contents, one) if value]
    facts = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in rows)
    title = f"{desk.channel(one.channel)}, {desk.moment(one.opened_at, 'long')}"
    return f'<section><h2>{escape(title)}</h2><dl>{facts}</dl><ol class="lines">'


def _facts(contents: OwnDataContents, one: KeptConversation) -> list[tuple[str, str]]:
    desk, talk = contents.desk, one.talk
    found = [("library", desk.library(one.library)), ("kept", _kept(contents, one))]
    found += [
        ("followUp", " · ".join(part for part in (each.question, each.name, each.address) if part))
        for each in one.follow_ups
    ]
    if talk is None:
        return [*found, ("part", desk.word("partOnly"))]
    answers = _answers.decode(talk.answers) if talk.answers else []
    return [
        ("name", talk.name),
        ("contact", talk.contact),
        ("subject", talk.subject),
        ("page", talk.page),
        *((("form"), f"{each.label}: {each.text}") for each in answers),
        ("rating", desk.word(f"rated{talk.rating}") if talk.rating in (1, 2, 3) else ""),
        *found,
        ("wentTo", " ".join(desk.went_to(one))),
        ("notes", desk.word("notesLeft", n=one.notes) if one.notes else ""),
    ]


def _kept(contents: OwnDataContents, one: KeptConversation) -> str:
    desk = contents.desk
    if until := desk.kept_until(one):
        return desk.word("until", when=desk.moment(until, "long"))
    days = desk.days(one.library)
    return desk.word("days", n=days) if days else desk.word("noEnd")


def _line(contents: OwnDataContents, line: TranscriptLine, files: list[tuple[str, str]]) -> str:
    desk, you = contents.desk, line.who in ("patron", "system")
    who = desk.word("you") if you else line.author or desk.library(desk.home)
    text = plain(line.text) if line.who == "librarian" else line.text
    if line.who == "system":
        text = f"{desk.word('rating')}: {line.event.partition(':')[2]} {text}".strip()
    links = "".join(f'<p><a href="{escape(quote(place))}">{escape(name)}</a></p>' for name, place in files)
    return (
        f"<li{' class=you' if you else ''}><small>{escape(who)} · {escape(desk.moment(line.at))}</small>"
        f'<p dir="auto">{escape(text)}</p>{links}</li>'
    )
