"""Which passwords are too easy to guess (NIST SP 800-63B 5.1.1.2): short, of one pattern, common, or made of the desk's words.

No rule asks for kinds of characters. What counts is what nobody would try first: characters that neither repeat nor continue a
row of the alphabet or of a keyboard.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator

SHORTEST = 10
LEAST = 6  # signs that do not follow from the one before
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop",
    "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)  # fmt: skip
_NEXT = {(row[n], row[n + 1]) for line in _ROWS for row in (line, line[::-1]) for n in range(len(row) - 1)}
_PLAIN = str.maketrans("0134578@$!|", "oieastbasii")  # signs that people write for a letter
COMMON = frozenset(
    [
        "admin",
        "administrator",
        "april",
        "august",
        "autumn",
        "baseball",
        "basketball",
        "batman",
        "biblioteca",
        "bibliotheek",
        "bibliothek",
        "bibliotheque",
        "bibliothèque",
        "bienvenido",
        "bienvenue",
        "books",
        "changeit",
        "changeme",
        "charlie",
        "computer",
        "contrasena",
        "contraseña",
        "december",
        "default",
        "desk",
        "deskbridge",
        "dragon",
        "february",
        "football",
        "friday",
        "geheim",
        "guest",
        "hello",
        "helpdesk",
        "heslo",
        "iloveyou",
        "internet",
        "january",
        "jennifer",
        "july",
        "june",
        "letmein",
        "librarian",
        "library",
        "login",
        "losenord",
        "lösenord",
        "march",
        "master",
        "michael",
        "monday",
        "monkey",
        "motdepasse",
        "november",
        "october",
        "parola",
        "passcode",
        "passwd",
        "password",
        "passwort",
        "pokemon",
        "princess",
        "reference",
        "root",
        "salasana",
        "secret",
        "senha",
        "september",
        "shadow",
        "sommer",
        "spring",
        "starwars",
        "summer",
        "sunshine",
        "superman",
        "superuser",
        "temp",
        "test",
        "testing",
        "trustno",
        "user",
        "wachtwoord",
        "welcome",
        "whatever",
        "willkommen",
        "winter",
    ]
)


def weakness(password: str, own: Iterable[str] = ()) -> str:
    """Return why a new password is too easy to guess, "" when it is not. `own`: names that a guesser knows (login, library)."""
    said = unicodedata.normalize("NFKC", password).casefold()
    signs = "".join(said.split())
    if len(signs) < SHORTEST:
        return f"at least {SHORTEST} characters, spaces not counted"
    if _strength(signs) < LEAST:
        return "a row of keys, of letters or of the same again is guessed first"
    if signs.isnumeric():
        return "numbers alone are guessed: add words"
    words = {word for name in own for word in _parts(name)} | COMMON
    if not _left(signs, words):
        return "common words, the library's name and yours are guessed first: add words of your own"
    return ""


def _strength(signs: str) -> int:
    """Return how many signs there are that neither repeat what came nor go on in a row; of a block that repeats, it counts once."""
    block = next((n for n in range(1, len(signs) // 2 + 1) if _repeats(signs, n)), len(signs))
    once = signs[:block]
    count = 1 + sum(1 for one, two in itertools.pairwise(once) if one != two and (one, two) not in _NEXT)
    return min(count, 2 * len(set(once)))


def _repeats(signs: str, block: int) -> bool:
    return all(sign == signs[n % block] for n, sign in enumerate(signs))


def _parts(name: str) -> Iterator[str]:
    plain = "".join(sign if sign.isalnum() else " " for sign in unicodedata.normalize("NFKC", name).casefold())
    yield from (word for word in (*plain.split(), plain.replace(" ", "")) if len(word) > 2)


def _left(signs: str, words: set[str] | frozenset[str]) -> bool:
    """Whether enough is left of a password without known words, and what is hung on them (digits, marks)."""
    for spelled in (signs, signs.translate(_PLAIN)):
        rest = spelled
        for word in sorted(words, key=len, reverse=True):
            rest = rest.replace(word, "")
        letters = "".join(sign for sign in rest if sign.isalpha())
        if len(letters) < len(rest) and len(rest) < len(spelled):
            rest = letters
        if len(rest) < 4:
            return False
    return True
