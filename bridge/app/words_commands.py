"""`deskbridge words`: what translators and operators ask about languages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.contract import catalogues
from bridge.contract.catalogues import ENGLISH, SHIPPED, BadWords
from bridge.contract.language_tag import language_tag


def overview() -> int:
    """Print a line for each file: how many of the English texts it has."""
    for catalogue in catalogues.catalogues():
        whole = len(catalogues.read(SHIPPED / f"{catalogue}.{ENGLISH}.json"))
        for tag in catalogues.tags(catalogue):
            lacks = len(catalogues.gaps(catalogue, tag, catalogues.words(catalogue, tag)).missing)
            print(f"{catalogue}.{tag}.json: {whole - lacks} of {whole}")
    return 0


def missing(language: str, catalogue: str, folder: Path | None) -> int:
    """Print what a language lacks: of one catalogue as a file that can be filled in, of all as one object by catalogue."""
    if language_tag(language) != language:
        print(f"{language!r} is not a language tag such as pt or zh-Hans", file=sys.stderr)
        return 2
    asked = [catalogue] if catalogue else catalogues.catalogues()
    try:
        found = {name: _lacking(name, language, folder or SHIPPED) for name in asked}
    except BadWords as error:
        print(error, file=sys.stderr)
        return 2
    forms = ", ".join(sorted(catalogues.usual_forms(language)))
    counts = ", ".join(f"{name} {len(lacks)}" for name, lacks in found.items())
    print(f"missing in {language}: {counts}. Plural forms: {forms}", file=sys.stderr)
    print(json.dumps(found[catalogue] if catalogue else found, ensure_ascii=False, indent=2))
    return 0


def _lacking(catalogue: str, language: str, folder: Path) -> dict[str, catalogues.Entry]:
    path = folder / f"{catalogue}.{language}.json"
    lacks = catalogues.gaps(catalogue, language, catalogues.read(path) if path.is_file() else {}).missing
    english = catalogues.read(SHIPPED / f"{catalogue}.{ENGLISH}.json")
    return {key: english[key] for key in lacks}


def check(files: Sequence[Path]) -> int:
    """Print what is wrong in files of words, and how much each lacks; 1 when something is wrong."""
    wrong = 0
    for path in _files(files):
        found = catalogues.FILE.fullmatch(path.name)
        if found is None or language_tag(found["tag"]) != found["tag"]:
            print(f"{path}: name it <catalogue>.<language>.json, with a language tag such as pt or zh-Hans")
            wrong += 1
            continue
        try:
            lacks, faults = catalogues.gaps(found["catalogue"], found["tag"], catalogues.read(path))
        except BadWords as error:
            print(f"{path}: {error}")
            wrong += 1
            continue
        print(*(f"{path}: {key}: {what}" for key, what in faults), f"{path}: {len(lacks)} missing", sep="\n")
        wrong += len(faults)
    return 1 if wrong else 0


def _files(files: Sequence[Path]) -> Iterator[Path]:
    for path in files:
        yield from sorted(path.glob("*.json")) if path.is_dir() else [path]
