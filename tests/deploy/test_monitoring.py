"""The alert rules and the dashboard name figures that the daemon tells, and each alert has its paragraph in the runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import ROOT
from tests.journeys.indoors import indoors

ALERTS = ROOT / "deploy/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana.json"
SERIES = re.compile(r"\b(?:deskbridge|process)_[a-z_]+\b")
PROMTOOL = shutil.which("promtool")


def named(text: str) -> set[str]:
    """Return the figures that a text names, without what a histogram adds."""
    return {re.sub(r"_(?:bucket|count|sum)$", "", name) for name in SERIES.findall(text)}


def complaints(figures: str) -> list[str]:
    """Return what promtool has to say about the names of our figures; nothing where it is not installed."""
    if PROMTOOL is None:
        return []
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=figures, capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if line.startswith("deskbridge_")]


async def told(folder: Path) -> str:
    """Return what a running daemon tells Prometheus."""
    async with indoors(folder) as house, aiohttp.ClientSession() as web, web.get(f"{house.url}/metrics") as answer:
        return await answer.text()


async def test_rules_and_dashboard_name_figures_that_exist_and_by_the_naming_rules(tmp_path: Path) -> None:
    figures = await told(tmp_path)
    families = set(re.findall(r"^# TYPE (\S+) ", figures, re.M))
    queries = [each["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for each in panel["targets"]]
    rules = "\n".join(re.findall(r"expr: (.*(?:\n {12,}.*)*)", ALERTS.read_text()))
    assert len(queries) > 20
    assert len(named(rules)) > 10
    assert (named(rules) | named("\n".join(queries))) - families == set()
    assert complaints(figures) == []


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_the_rules_are_valid() -> None:
    done = subprocess.run([str(PROMTOOL), "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_its_paragraph_in_the_runbook() -> None:
    text = ALERTS.read_text()
    alerts = re.findall(r"- alert: (\w+)", text)
    paragraphs = re.findall(r"^### Alert (\w+)\n\n\S", (ROOT / "deploy/runbook.md").read_text(), re.M)
    assert alerts == paragraphs
    assert [f"runbook.md#alert-{name.lower()}" for name in alerts] == re.findall(r'runbook: "(\S+)"', text)
