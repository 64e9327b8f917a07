"""What to look for, from what a patron wrote: the question without the words that ask.

A quoted title is taken whole, and an ISBN alone. Else the small words of English and German go, and at most eight stay.
"""

from __future__ import annotations

import re

MOST = 8
_QUOTED = re.compile(r"[\"“„«»]([^\"“”„«»]{3,120})[\"”“«»]")
_ISBN = re.compile(r"\b(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]\b")
_WORD = re.compile(r"\w[\w'’-]*")
_ENGLISH = """
a about also am an and any are as ask at be been book books borrow but by can copies copy could do does find finding
for from get give go good got had has have hello help hi how i i'd i'm if in is it its just know library like look
looking me my need no not of on one or our out please s shelf should so some something that the their them there they
thing this to under up us want was we were what what's when where which who whose why will with would you your thanks
thank
"""
_GERMAN = """
aber alle als am an auch auf aus bei bin bitte buch bücher das dass dem den der des die dies ein eine einem einen
einer es etwas für gibt gern guten habe haben hallo hat hätte ich ihr ihre im in ist kann können leihen mein mich mir
mit nach nicht oder ob schon sich sie sind so suche suchen tag über um und uns von vor war was wenn wer wie wir wo zu
zum zur danke
"""
_SMALL = frozenset(f"{_ENGLISH} {_GERMAN}".split())


def search_words(text: str) -> str:
    """Return what a patron seems to look for, "" where nothing is left."""
    if quoted := _QUOTED.search(text):
        return quoted[1].strip()
    if number := _ISBN.search(text):
        return re.sub(r"[ -]", "", number[0])
    words = [word for word in _WORD.findall(text[:500]) if word.lower().replace("’", "'") not in _SMALL]
    return " ".join(dict.fromkeys(words[:MOST]))
