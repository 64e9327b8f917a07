"""No hostile text costs more than its length: four times the text, about four times the time.

A loaded machine makes any one measurement unfair, so each is the best of three, of processor time alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from adapters.email.classify.absence import is_absence
from adapters.email.codec import parse
from adapters.email.trimming.trim import trim

MOST = 10  # of four times the length, in which something that costs once may begin; a square makes 16
TOO_SHORT = 0.02  # seconds in which nothing can be told


def mail(header: str, body: str, sender: str = "a@x.example") -> bytes:
    return f"From: {sender}\r\nMessage-ID: <a@x>\r\n{header}\r\n\r\n{body}".encode()


def report(body: str) -> object:
    return parse(mail("Subject: Undeliverable", body, "mailer-daemon@x.example"))


WORK: dict[str, Callable[[int], object]] = {
    "quote marks": lambda size: trim(">" * size),
    "quoted lines": lambda size: trim(">\n" * size),
    "On": lambda size: trim("On " * size),
    "sentences": lambda size: trim("On 1 Jan 2021 at 10:15 a@b.example wrote:\n" * (size // 40)),
    "sentences and words": lambda size: trim("Jane a@b.example wrote 10:15:\nx\n" * (size // 30)),
    "devices": lambda size: trim("Sent from Foo\n\n" * (size // 15)),
    "one device": lambda size: trim("Sent from my " * (size // 12)),
    "delimiters": lambda size: trim("--\n" * (size // 3) + "?"),
    "heads": lambda size: trim("From: a@b.example\nx\n" * (size // 20)),
    "at": lambda size: trim("@" * size),
    "times": lambda size: trim("1:23 " * (size // 5) + ":"),
    "words of a header": lambda size: parse(mail("Subject: " + "=?a?q?x?" * (size // 8), "x")),
    "addresses": lambda size: parse(mail("To: " + "=?a?q?" * (size // 6), "x")),
    "transfer encoding": lambda size: parse(mail("Content-Transfer-Encoding: " + "(" * size, "x")),
    "lines that are no fields": lambda size: parse(mail("junk\r\nTo: a@b.example\r\n" * (size // 24), "x")),
    "stars": lambda size: trim("*" * size + " (name)"),
    "headings that a library knows": lambda size: trim("On On On On On On On On 10:15\n" * (size // 30)),
    "parameters": lambda size: parse(mail("Content-Type: text/html " + "; " * (size // 2), "x")),
    "parameter without a sign": lambda size: parse(mail("Content-Disposition: attachment; " + "a" * size, "x")),
    "students": lambda size: parse(mail("Subject: cards", "s@a.example;" * (size // 12))),
    "groups of addresses": lambda size: parse(mail("To: " + "a:" * (size // 2), "x")),
    "commas": lambda size: parse(mail("To: " + "a," * (size // 2), "x")),
    "commas in domains": lambda size: parse(mail("To: " + "a@b," * (size // 4), "x")),
    "commas in local parts": lambda size: parse(mail("To: " + "a,b@" * (size // 4), "x")),
    "quotes around an address": lambda size: parse(mail("To: " + "'" * size + "@", "x")),
    "links in one line": lambda size: parse(mail("Content-Type: text/html", '<a href="http://b">a</a>' * (size // 24))),
    "absence": lambda size: is_absence("auto:" + "out " * (size // 4), "x"),
    "report of dots": lambda size: report("a." * (size // 2)),
    "report of brackets": lambda size: report("<\n" * (size // 2)),
    "report of tags": lambda size: parse(mail("Content-Type: text/html", "<b>" * (size // 12))),
}


def seconds(work: Callable[[int], object], size: int) -> float:
    """The processor time of one run, the best of three."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        work(size)
        found.append(time.process_time() - begun)
    return min(found)


@pytest.mark.parametrize("kind", WORK)
def test_four_times_the_text_takes_about_four_times_the_time(kind: str) -> None:
    work = WORK[kind]
    size = 20_000
    once = seconds(work, size)
    while once < TOO_SHORT and size < 160_000:
        size *= 2
        once = seconds(work, size)
    assert seconds(work, 4 * size) < MOST * max(once, TOO_SHORT)
