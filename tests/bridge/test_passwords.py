"""Passwords that are guessed first are refused; all that a person may think of is not."""

from __future__ import annotations

import pytest

from bridge.sql.people.passwords import weakness

OWN = ("ana.alves", "North Library", "north")


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "0987654321",
        " " * 10,
        "\t\n \u00a0\u3000     ",
        "aaaaaaaaaa",
        "ababababab",
        "abcabcabcabc",
        "qwertyuiop",
        "qwertzuiop",
        "asdfghjkl;",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "abcdefghij",
        "1111111111",
        "1212121212",
        "password12",
        "Passw0rd!!!",
        "P@ssw0rd2024",
        "passwordpassword",
        "Welcome2026!",
        "library2026",
        "NorthLibrary1",
        "ana.alves1",
        "alvesana2026",
        "deskbridge1",
        "２０２６２０２６２０２６",
        "１２３４５６７８９０",
        "short",
        "a b c d e f",
        "........ ...",
        "07700900123",
        "letmein12345",
        "Sommer2026!!",
        "admin12345",
    ],
)
def test_what_is_guessed_first(password: str) -> None:
    assert weakness(password, OWN)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a longer password",
        "another good one",
        "seven red lanterns",
        "long enough, surely",
        "kR7$wq9!zL2m",
        "tr0ub4dor&3xyz",
        "пароль длинный тут",
        "図書館で本を借りましょうね",
        "my library card is blue",
        "9f86d081884c7d659a2f",
        "Ana reads 12 books",
        "zwölf Boxkämpfer",
        "مكتبة المدينة القديمة",
    ],
)
def test_what_a_person_may_think_of(password: str) -> None:
    assert weakness(password, OWN) == ""
