"""Write requirements.hashes: the digest of each wheel that requirements.lock means for this Python and this processor.

    pip install --dry-run --ignore-installed --no-deps --report REPORT -r requirements.lock
    python deploy/lock_hashes.py REPORT > requirements.hashes

`make hashes` does both. With `--wanted FILE`, print those lines of FILE that a report of pip names: the Debian package is built
from them with pip's `--require-hashes`, so that no other file can get in.
"""

from __future__ import annotations

import json
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

OURS = "deskbridge"


def named(report: Path) -> dict[str, Any]:
    """Return what pip would install, by its normal name (PEP 503)."""
    found = json.loads(report.read_text("utf-8"))["install"]
    return {re.sub(r"[-_.]+", "-", one["metadata"]["name"]).lower(): one for one in found}


def line(name: str, one: dict[str, Any]) -> str:
    """Return a requirement with its digest. Raises KeyError where the index gave none."""
    digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{name}=={one['metadata']['version']} --hash=sha256:{digest}"


def main(report: Path, wanted: Path | None) -> None:
    """Print the lines."""
    found = named(report)
    if wanted is None:
        print(
            "# Digests of the wheels that requirements.lock means. `make hashes` writes them, `make check` looks at them."
        )
        print(f"# For: python{sys.version_info[0]}.{sys.version_info[1]} {sysconfig.get_platform()}")
        print("\n".join(line(name, found[name]) for name in sorted(found)))
        return
    known = {one.partition("==")[0]: one for one in wanted.read_text("utf-8").splitlines()}
    for name in sorted(found.keys() - {OURS}):
        if name not in known:  # an older patch release of Python needs it beside the rest
            print(f"{name}: not in the lock, the index is believed", file=sys.stderr)
        print(known.get(name) or line(name, found[name]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
