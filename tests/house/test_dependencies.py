"""What others wrote and we install: pinned, with digests, under licences that the GPL 3 allows, and all of it fits together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution, distributions

from packaging.requirements import Requirement

from tests.conftest import ROOT

# Compatible with GPL-3.0-or-later, by the FSF's list of licences.
ALLOWED = re.compile(
    r"(0BSD|AFL-2\.1|Apache-2\.0|BlueOak-1\.0\.0|BSD-[23]-Clause(-Views)?|CC0-1\.0|GPL-3\.0-(only|or-later)|ISC|LGPL-(2\.1|3\.0)-(only|or-later)"
    r"|MIT(-0)?|MPL-2\.0|PSF-2\.0|Python-2\.0|Unlicense|Zlib)"
)
# How packages that know no SPDX expression write the same.
CLASSIFIERS = {
    "Apache Software License",
    "BSD License",
    "GNU General Public License v3 (GPLv3)",
    "GNU Lesser General Public License v3 (LGPLv3)",
    "GNU Lesser General Public License v3 or later (LGPLv3+)",
    "ISC License (ISCL)",
    "MIT License",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "Python Software Foundation License",
    "The Unlicense (Unlicense)",
    "zlib/libpng License",
}
SAYS_NOTHING = {"DFSG approved", "OSI Approved"}
# Distributions whose metadata name no licence; read in the file that they bring.
READ_BY_US = {
    "axe-playwright-python": "MIT",
    "matrix-nio": "ISC",
    "peewee": "MIT",
    "protobuf": "BSD-3-Clause",
    "pyrage": "MIT",
    "vodozemac": "MIT",
}


NPM_READ_BY_US = {"node_modules/svelte-toolbelt"}  # MIT


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Return the version of each distribution in the lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def needs(one: Distribution) -> set[str]:
    """Return what a distribution needs here, without its extras."""
    asked = [Requirement(each) for each in one.requires or []]
    return {normal(each.name) for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})}


def allowed(expression: str) -> bool:
    """Say whether an SPDX expression leaves a way that we may take: one of several by OR, all that are joined by AND."""
    bare = expression.replace("(", " ").replace(")", " ")
    return any(
        all(ALLOWED.fullmatch(part.strip()) for part in re.split(r"\s+AND\s+", way))
        for way in re.split(r"\s+OR\s+", bare.strip())
    )


def licence_fault(one: Distribution) -> str:
    """Return why we may not use a distribution, "" when we may."""
    name, metadata = normal(one.metadata["Name"]), one.metadata
    [expression] = metadata.get_all("License-Expression") or [READ_BY_US.get(name, "")]
    if expression:
        return "" if allowed(expression) else f"{name}: {expression}"
    rows = metadata.get_all("Classifier") or []
    said = {row.rpartition("::")[2].strip() for row in rows if row.startswith("License ::")} - SAYS_NOTHING
    if not said and allowed("".join(metadata.get_all("License") or [])):
        return ""
    return "" if said and said <= CLASSIFIERS else f"{name}: {', '.join(said) or 'names no licence'}"


def test_each_pinned_package_is_installed_so_with_all_that_it_needs_and_may_be_used() -> None:
    pins = locked()
    installed = [one for one in distributions() if normal(one.metadata["Name"]) in pins]
    other = [one.metadata["Name"] for one in installed if pins[normal(one.metadata["Name"])] != one.version]
    assert other == [], "another version is installed: pip install -r requirements.lock"
    needed = {need for one in [*installed, distribution("deskbridge")] for need in needs(one)}
    assert needed - pins.keys() - {"deskbridge", "setuptools"} == set(), "add it to requirements.lock"
    assert [fault for one in installed if (fault := licence_fault(one))] == []


def test_an_expression_is_read_as_spdx_means_it() -> None:
    assert allowed("MIT OR Proprietary")
    assert allowed("Apache-2.0 AND MIT")
    assert not allowed("MIT AND SSPL-1.0")
    assert not allowed("GPL-2.0-only")


def test_each_pin_has_its_digest() -> None:
    found = re.findall(r"^(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}$", (ROOT / "requirements.hashes").read_text(), re.M)
    assert dict(found) == locked(), "run `make hashes`"


def test_what_is_installed_fits_together() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout


def test_each_npm_package_has_a_digest_and_a_licence_that_we_may_use() -> None:
    lock = json.loads((ROOT / "ui" / "package-lock.json").read_text())
    others = {path: one for path, one in lock["packages"].items() if path and not one.get("link")}
    assert others
    assert [path for path, one in others.items() if not one.get("integrity", "").startswith("sha512-")] == []
    assert [path for path, one in others.items() if "license" in one and not allowed(one["license"])] == []
    assert {path for path, one in others.items() if "license" not in one} <= NPM_READ_BY_US
