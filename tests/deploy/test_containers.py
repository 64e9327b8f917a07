"""The container files: their form, and that what they name exists. No container is started here."""

from __future__ import annotations

import re

import yaml

from bridge.app.cli import app
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"


def test_every_instruction_is_known_and_the_last_user_is_not_root() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    logical = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    lines = [line.split(maxsplit=1) for line in logical.splitlines() if line.strip()]
    known = {"FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"}
    known |= {"ENTRYPOINT", "CMD"}
    assert [words for words in lines if words[0] not in known] == []
    assert [rest for word, rest in lines if word == "USER"] == ["deskbridge"]
    assert all(":" in rest.split()[0] for word, rest in lines if word == "FROM"), (
        "a base without a version changes by itself"
    )
    [start] = [rest for word, rest in lines if word == "CMD"]
    assert start.strip('["]') in app


def test_what_compose_names_exists() -> None:
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = read["services"]
    assert (DEPLOY / services["desk"]["build"]["context"] / services["desk"]["build"]["dockerfile"]).is_file()
    for name, service in services.items():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in read["volumes"], name
        assert set(service.get("secrets", [])) <= set(read["secrets"]), name
        assert set(service.get("depends_on", {})) <= set(services), name
    assert services["desk"]["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in services["desk"]["ports"])
