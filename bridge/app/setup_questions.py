"""What `deskbridge setup` asks where there is no configuration yet: the few things that nobody else can know.

The answers come from a terminal, where a wrong one is asked again, or from a TOML file, where all that is wrong is told at
once. What a kind of channel needs is asked of its `Config`: each field without a default, and those it names in `asks`.

    library = "Main Library"             [email]
    public_url = "https://desk.example.org"   address = "ask@example.org"
    administrator = "ana"                imap_host = "imap.example.org"
    channels = "webchat, email"          password_file = "/root/imap-password"
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.app.config import (
    DEFAULT_DATA,
    NAME,
    SECRET_NAME,
    Config,
    ConfigError,
    Fault,
    parse,
    resolved_secrets,
)
from bridge.channels.plugins import kinds
from bridge.channels.plugins import load as adapter

Check = Callable[[str], str]  # what is wrong with an answer, "" when nothing is
Misconfiguration = Callable[[Config], list[str]]
HERE = Path("deskbridge.toml")  # stands for the file that is not written yet
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
TIMEZONE = Path("/etc/timezone")


class Unanswered(Exception):
    """The answers cannot be used; the text names all that is wrong."""


class Answers(ABC):
    """Where answers come from."""

    @abstractmethod
    def get(self, place: str, words: str, default: str, *, secret: bool) -> str:
        """Return the answer to one question, the default where none is given."""

    @abstractmethod
    def refused(self, place: str, why: str) -> bool:
        """Take note that an answer cannot be used; say whether to ask again."""

    @abstractmethod
    def say(self, words: str) -> None:
        """Tell a person who answers at a terminal something."""


class Terminal(Answers):
    """A person at a terminal. A secret isn't shown while it is typed."""

    def get(self, place: str, words: str, default: str, *, secret: bool) -> str:
        """See Answers."""
        shown = f"{words} [{default}]: " if default else f"{words}: "
        return (getpass(shown) if secret else input(shown)).strip() or default

    def refused(self, place: str, why: str) -> bool:
        """See Answers."""
        print(f"  {why}")
        return True

    def say(self, words: str) -> None:
        """See Answers."""
        print(words)


class AnswersFile(Answers):
    """A document of answers, a table for each channel; `faults` gathers what is wrong with it."""

    def __init__(self, document: Mapping[str, Any], base: Path) -> None:
        tables = {key: value for key, value in document.items() if isinstance(value, dict)}
        plain = {key: value for key, value in document.items() if key not in tables}
        self.faults: list[Fault] = []
        self._given: dict[str, Any] = {}
        for name, table in {"": plain, **tables}.items():
            found, wrong = resolved_secrets(table, base, name)
            self.faults += wrong
            self._given |= {f"{name}.{key}".lstrip("."): value for key, value in found.items()}

    def get(self, place: str, words: str, default: str, *, secret: bool) -> str:
        """See Answers."""
        value = self._given.pop(place, default)
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    def refused(self, place: str, why: str) -> bool:
        """See Answers."""
        self.faults.append(Fault(place, why, "mend the answer"))
        return False

    def say(self, words: str) -> None:
        """See Answers; nobody is there."""

    def unknown(self) -> list[Fault]:
        """Return a fault for each answer that nothing asked for."""
        return [Fault(place, "is not asked for", "leave it out") for place in self._given]


@dataclass
class Plan:
    """What is to be written. `channels` hold secrets; `desk` is the first library, as `deskbridge desk load` reads it."""

    own: dict[str, Any]
    http: dict[str, Any]
    channels: list[dict[str, Any]] = field(default_factory=list)
    desk: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the configuration with its secrets inside, to be checked, never written."""
        return {"deskbridge": self.own, "http": self.http, "training": {"practice": True}, "channel": self.channels}


def gather(answers: Answers, misconfigured: Misconfiguration) -> Plan:
    """Ask everything. Raises Unanswered with all that is wrong with a file of answers."""
    interview = _Interview(answers, misconfigured)
    plan = interview.plan()
    if isinstance(answers, AnswersFile) and (wrong := [*answers.faults, *answers.unknown()]):
        raise Unanswered("\n".join(map(str, wrong)))
    return plan


def _anything(said: str) -> str:
    return ""


class _Interview:
    def __init__(self, answers: Answers, misconfigured: Misconfiguration) -> None:
        self._answers = answers
        self._misconfigured = misconfigured

    def plan(self) -> Plan:
        library = self._ask("library", "Name of the library", check=_needed)
        id = self._ask("library_id", "Its id, as queues and teams begin", slug(library), check=_id)
        zone = self._ask("timezone", "Its time zone", _local_zone(), check=_zone)
        url = self._ask(
            "public_url", "Address at which patrons reach the desk, as https://desk.example.org", check=_url
        )
        listen = self._ask("listen", "Address at which the reverse proxy reaches the daemon", "127.0.0.1:8080", _listen)
        data = self._ask("data", "Folder for the desk's data", str(DEFAULT_DATA), check=_needed)
        login = self._ask("administrator", "Sign-in name of the first administrator", check=_login)
        name = self._ask("administrator_name", "Their name", login.title(), check=_needed)
        plan = Plan({"data": data}, {"listen": listen, "public_url": url, "proxies": ["127.0.0.1", "::1"]})
        plan.desk = _desk(id, library, zone, login, name)
        self._answers.say(f"Kinds of channel: {', '.join(kinds())}")
        for kind in _words(self._ask("channels", "Which of them, separated by commas", "webchat", check=_kinds)):
            plan.channels.append(self._channel(kind, f"{id}/reference", plan))
        return plan

    def _ask(self, place: str, words: str, default: str = "", check: Check = _anything, *, secret: bool = False) -> str:
        while True:
            value = self._answers.get(place, words, default, secret=secret)
            fault = check(value)
            if not fault or not self._answers.refused(place, fault):
                return value

    def _channel(self, kind: str, queue: str, plan: Plan) -> dict[str, Any]:
        """Ask what a kind needs to know, again as long as the kind refuses what was said."""
        while True:
            settings = {"name": kind, "kind": kind, "queue": queue} | self._settings(kind)
            fault = self._wrong(settings, plan)
            if not fault or not self._answers.refused(kind, fault):
                return settings

    def _settings(self, kind: str) -> dict[str, Any]:
        shape = adapter(kind).Config
        wanted = getattr(shape, "asks", ())
        found: dict[str, Any] = {}
        for one in msgspec.structs.fields(shape):
            if not one.required and one.name not in wanted:
                continue
            place, words = f"{kind}.{one.encode_name}", f"{kind}: {one.encode_name.replace('_', ' ')}"
            default = "" if one.required else _shown(one.default)
            check = _readable(one.type, _needed if one.required else _anything)
            said = self._ask(place, words, default, check, secret=bool(SECRET_NAME.search(one.encode_name)))
            if said:
                found[one.encode_name] = _value(said, one.type)
        return found

    def _wrong(self, settings: dict[str, Any], plan: Plan) -> str:
        try:
            read = parse({**plan.document(), "channel": [settings]}, HERE, {})
        except ConfigError as error:
            return "; ".join(map(str, error.faults))
        return "; ".join(self._misconfigured(read))


# ---- what an answer must be ----


def _needed(said: str) -> str:
    return "" if said else "an answer is needed"


def _id(said: str) -> str:
    return "" if NAME.fullmatch(said) else "write lower-case letters, digits and hyphens, 40 at most"


def _login(said: str) -> str:
    return "" if LOGIN.fullmatch(said) else "write lower-case letters, digits, points and hyphens, 40 at most"


def _zone(said: str) -> str:
    try:
        ZoneInfo(said)
    except (KeyError, ValueError, OSError):
        return "is not a time zone; write one like Europe/London"
    return ""


def _url(said: str) -> str:
    return _needed(said) or _fault_of({"http": {"public_url": said}})


def _listen(said: str) -> str:
    return _fault_of({"http": {"listen": said}})


def _fault_of(document: Mapping[str, Any]) -> str:
    try:
        parse(document, HERE, {})
    except ConfigError as error:
        return f"{error.faults[0].what}; {error.faults[0].do}"
    return ""


def _kinds(said: str) -> str:
    strange = [one for one in _words(said) if one not in kinds()]
    return f"no such kind: {', '.join(strange)}" if strange else ""


def _readable(type_: Any, check: Check) -> Check:
    def readable(said: str) -> str:
        try:
            _value(said, type_)
        except msgspec.ValidationError as error:
            return check(said) or (str(error) if said else "")
        return check(said)

    return readable


def _value(said: str, type_: Any) -> Any:
    """Read an answer as the type of its field: several values are separated by commas. Raises msgspec.ValidationError."""
    several = str(type_).startswith(("tuple", "list"))
    return msgspec.to_builtins(msgspec.convert(_words(said) if several else said, type_, strict=False))


def _words(said: str) -> list[str]:
    return [word.strip() for word in said.split(",") if word.strip()]


def _shown(default: Any) -> str:
    return ", ".join(map(str, default)) if isinstance(default, tuple | list) else str(default or "")


# ---- what stands for what nobody said ----


def slug(name: str) -> str:
    """Return an id made of a name: "Bibliothèque de Genève" is bibliotheque-de-geneve; "main" where no letter is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-") or "main"


def _local_zone() -> str:
    try:
        named = TIMEZONE.read_text("utf-8").strip()
    except OSError:
        named = ""
    return named if named and not _zone(named) else "UTC"


def _desk(id: str, library: str, zone: str, login: str, name: str) -> dict[str, Any]:
    people = [{"id": login, "name": name, "shown": name.split()[0], "role": "administrator"}]
    team = {"id": f"{id}/desk", "name": "Desk", "members": [login]}
    queue = {"id": f"{id}/reference", "name": "Reference", "tiers": [{"teams": [team["id"]]}]}
    return {"id": id, "name": library, "timezone": zone, "queues": [queue], "teams": [team], "librarians": people}
