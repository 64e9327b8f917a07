"""The corpora: real mails, texts and stanzas, kept outside the tree in the folder that DESKBRIDGE_CORPORA names.

What a test demands of them holds for any other cases of the same kind in files of the same names: no case is known by its name, no
count is, and a file that is not there skips the test. A share of wrong cases is allowed where the sources do not agree.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

HOME = Path(os.environ.get("DESKBRIDGE_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora")


def corpus_file(name: str) -> Path:
    """Return a file of the corpora; the test is skipped where it is missing."""
    path = HOME / name
    if not path.is_file():
        pytest.skip(f"no {name} in {HOME}: name the folder of the corpora in DESKBRIDGE_CORPORA")
    return path


def rows(name: str) -> list[dict[str, Any]]:
    """Return the cases of one corpus; the test is skipped where there are none."""
    with corpus_file(f"{name}.jsonl").open("rb") as lines:
        found = [msgspec.json.decode(line) for line in lines if line.strip()]
    if not found:
        pytest.skip(f"{name}.jsonl holds no cases")
    return found


def allowed(total: int, share: float) -> int:
    """How many of `total` cases may be wrong: a share, and one of several in any case, but never a single one."""
    return max(int(share * total), int(total > 1))
