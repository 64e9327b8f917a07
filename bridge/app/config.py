"""deskbridge.toml -> Structs: what runs where, never who works when (that is the organisation, in the archive).

Three rules. Every fault is reported at once, each with its place in the file and what to do. A person who mends
one line a restart gives up. Secrets need not stand in the file: any key may be written

    password = { file = "/run/secrets/imap" }         or  password_file = "/run/secrets/imap"
    password = { env = "IMAP_PASSWORD" }
    password = { credential = "imap" }                 a systemd credential (systemd.exec(5), LoadCredential=)

and what comes that way, or under a name that says password, secret or token, is a `Secret`: nothing prints it.
A kind's own keys stay a mapping here and become the adapter's `Config` in `convert`, by the same rules.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec

from bridge.account.settings import AccountConfig, account_faults
from bridge.app.roles import BadRole, Roles, parse_roles
from bridge.calls.settings import CALLS_KEYS, CallsConfig, calls_faults
from bridge.catalogue.settings import CatalogueConfig, catalogue_faults
from bridge.runtime.tracing import TracingConfig
from bridge.sign_on.settings import OidcSettings, ProxySettings, SignOnSettings, faults_of

DEFAULT_PATH = Path("/etc/deskbridge/deskbridge.toml")
DEFAULT_DATA = Path("/var/lib/deskbridge")

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?")
CONTACT = re.compile(r"mailto:[^@\s]{1,64}@[^@\s]{1,255}|https://[^\s]{1,500}", re.ASCII)
QUEUE = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
REDIS_SCHEMES = ("unix", *(f"{tls}{kind}" for tls in ("redis", "rediss") for kind in ("", "+sentinel", "+cluster")))
FILE_STORES = ("folder", "postgresql", "s3")
SQL_SCHEMES = ("sqlite", "postgresql", "postgresql+asyncpg")
TABLES = (
    "deskbridge",
    "redis",
    "archive",
    "files",
    "backup",
    "http",
    "hours",
    "push",
    "training",
    "sign_on",
    "tracing",
    "channel",
    "catalogue",
    "account",
    "calls",
)
OWN_PORT = re.compile(r"^(?:(http://[^/]+):80|(https://[^/]+):443)(?=/|$)")  # of a scheme; browsers leave it out
SECRET_NAME = re.compile(r"(^|_)(password|secret|token)$")

T = TypeVar("T", bound=msgspec.Struct)


class Secret(str):
    """A string that no repr shows, so that neither a traceback nor a dump of the configuration can leak it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong: where in the file, what, and what to do about it. Holds no value of a secret."""

    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.do}"


class ConfigError(Exception):
    """The configuration cannot be used; `faults` are all that is wrong with it."""

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__("\n".join([f"{path} cannot be used:", *(f"  {fault}" for fault in self.faults)]))


class WhichConsortium(Exception):
    """The configuration has several consortia and the command means none of them."""


class Redis(msgspec.Struct, frozen=True, kw_only=True):
    """Where the streams live; an empty `url` means a private child process below `data`.

    `replicas` is how many copies must hold an entry before anybody is told that it is safe.
    """

    url: Secret = Secret()
    replicas: int = 0


class ArchiveConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where transcripts live: an SQLAlchemy URL; empty means SQLite below `data`."""

    url: Secret = Secret()


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """`listen` is host:port or a socket path; `public_url` what people type; `proxies` whose forwarded headers count."""

    listen: str = "127.0.0.1:8080"
    public_url: str = ""
    proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


FileStoreName = Literal["folder", "postgresql", "s3"]


class FilesConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where files lie; an empty `store` means PostgreSQL where the archive is one, else a folder below `data`.

    `key` and `secret` open the bucket; `authority` is a PEM certificate of a private authority that its endpoint has.
    `quota_mb` is how much all files may take together, 0 = as much as there is room for.
    """

    store: FileStoreName | Literal[""] = ""
    bucket: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    prefix: str = ""
    key: str = ""
    secret: Secret = Secret()
    authority: str = ""
    quota_mb: int = 0


FILES_KEYS = dict.fromkeys(FilesConfig.__struct_fields__, str) | {"quota_mb": int}


class BackupConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where backups go, who can open them, and which are kept: the newest of each of the last `keep` days and `weekly` weeks.

    `to` is a folder; with a `bucket` they go there.
    """

    to: str = ""
    recipients: tuple[str, ...] = ()
    keep: int = 7
    weekly: int = 4
    bucket: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    prefix: str = ""
    key: str = ""
    secret: Secret = Secret()
    authority: str = ""


class PushConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Notices that are pushed. `contact`: where a push service reaches a person, mailto: or https:; "" = `http.public_url`, where
    that is encrypted. `allow`: hosts, as `host` or `host:port`, that are called although they are not public, or not encrypted."""

    contact: str = ""
    allow: tuple[str, ...] = ()


class HoursConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`allow`: hosts, as `host` or `host:port`, whose calendars are read although they are not public, or not encrypted."""

    allow: tuple[str, ...] = ()


BACKUP_KEYS: dict[str, type] = dict.fromkeys(BackupConfig.__struct_fields__, str) | {
    "recipients": list,
    "keep": int,
    "weekly": int,
}


class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One phone number, mailbox, JID or widget. `settings` are the kind's own keys, secrets already resolved."""

    name: str
    kind: str
    queue: str
    consortium: str = "main"
    settings: Mapping[str, Any] = {}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All of deskbridge.toml. `one_process`: the core runs in the daemon's own process. `roles`: the work that is done here."""

    path: Path
    data: Path = DEFAULT_DATA
    one_process: bool = False
    words: Path | None = None  # a folder of languages: docs/languages.md
    roles: Roles = Roles()
    redis: Redis = Redis()
    archive: ArchiveConfig = ArchiveConfig()
    files: FilesConfig = FilesConfig()
    backup: BackupConfig = BackupConfig()
    http: Http = Http()
    hours: HoursConfig = HoursConfig()
    push: PushConfig = PushConfig()
    sign_on: SignOnSettings = SignOnSettings()
    tracing: TracingConfig = TracingConfig()
    calls: CallsConfig = CallsConfig()
    practice: bool = False  # staff practise with scripted patrons: bridge.app.practice_desk
    channels: tuple[ChannelConfig, ...] = ()
    catalogues: tuple[CatalogueConfig, ...] = ()
    accounts: tuple[AccountConfig, ...] = ()
    secrets: Mapping[str, Path] = {}  # where a key's secret was read from, by its place in the file


def load(path: Path = DEFAULT_PATH, env: Mapping[str, str] = os.environ) -> Config:
    """Read a configuration file. Raises ConfigError with every fault found."""
    try:
        text = path.read_bytes().decode("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(path, [Fault("file", "does not exist", "write one, or name it with --config")]) from None
    except OSError as error:
        raise ConfigError(
            path, [Fault("file", error.strerror or "unreadable", "let the daemon's user read it")]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [Fault("file", f"is not TOML: {error}", "mend that line")]) from None
    return parse(document, path, env)


def parse(document: Mapping[str, Any], path: Path, env: Mapping[str, str] = os.environ) -> Config:
    """Turn a parsed document into a Config. Relative paths are relative to the file. Raises ConfigError."""
    reading = _Reading(path.parent, env)
    config = reading.config(document, path)
    if reading.faults:
        raise ConfigError(path, reading.faults)
    return config


class HereOnly(msgspec.Struct, frozen=True, kw_only=True):
    """What a command line says in place of the file, for one process of several that share it; "" leaves what the file says."""

    roles: str = ""
    listen: str = ""
    data: str = ""


def with_here(config: Config, here: HereOnly) -> Config:
    """Return a configuration as one process has it. Raises ConfigError."""
    faults = []
    if here.listen and not can_listen(here.listen):
        faults.append(Fault("--listen", "is neither host:port nor a socket path", "write 127.0.0.1:8080"))
    roles = config.roles
    try:
        if here.roles:
            roles = parse_roles([here.roles], (channel.name for channel in config.channels))
    except BadRole as error:
        faults.append(Fault("--roles", str(error), "write core,web,adapters or adapters:<channel>"))
    config = msgspec.structs.replace(
        config,
        roles=roles,
        data=Path(here.data).absolute() if here.data else config.data,
        http=msgspec.structs.replace(config.http, listen=here.listen or config.http.listen),
    )
    faults += unshared(config)
    if faults:
        raise ConfigError(config.path, faults)
    return config


def unshared(config: Config) -> list[Fault]:
    """Return what a process that does part of the work must share with the others and does not."""
    if config.roles.everything:
        return []
    needed = (("redis.url", config.redis.url), ("archive.url", config.archive.url))
    why = f"is missing, and the roles {config.roles} leave work to another process"
    return [Fault(where, why, "name the server that all of them use") for where, url in needed if not url]


def resolved_secrets(
    table: Mapping[str, Any], base: Path, where: str, env: Mapping[str, str] = os.environ
) -> tuple[dict[str, Any], list[Fault]]:
    """Return a table with references to secrets replaced by what they name, and what is wrong with them."""
    reading = _Reading(base, env)
    return reading.resolved(table, where), reading.faults


def convert(settings: Mapping[str, Any], kind: type[T], where: str = "channel") -> T:
    """Turn a kind's own keys into its Config struct. Raises ConfigError with every key that is wrong, not the first."""
    faults = list(_misfits(settings, kind, where))
    if faults:
        raise ConfigError(Path(where), faults)
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(Path(where), [Fault(where, str(error), "mend it")]) from None


def redacted(url: str) -> str:
    """A URL as it may be shown: without its password and query."""
    parts = urlsplit(url)
    if parts.password is None and not parts.query:
        return url
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}:…{at}{host}" if parts.password is not None else parts.netloc
    return urlunsplit((parts.scheme, shown, parts.path, "", ""))


def _misfits(settings: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> Iterable[Fault]:
    """Every missing key, unknown key and value of a wrong type."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in settings.keys() - fields.keys():
        yield _unknown(f"{where}.{key}", key, fields)
    for name, field in fields.items():
        if name not in settings:
            if field.required:
                yield Fault(f"{where}.{name}", "is missing", "add it")
            continue
        try:
            msgspec.convert(settings[name], field.type)
        except msgspec.ValidationError as error:
            yield Fault(f"{where}.{name}", str(error), "write a value of that kind")


def _unknown(where: str, key: str, known: Iterable[str]) -> Fault:
    names = sorted(known)
    near = get_close_matches(key, names, 1)
    advice = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"
    return Fault(where, "is not known", advice)


class _Reading:
    """One pass over a document: gathers faults and goes on, so that all of them are found."""

    def __init__(self, base: Path, env: Mapping[str, str]) -> None:
        self.base = base
        self.env = env
        self.faults: list[Fault] = []
        self.secrets: dict[str, Path] = {}

    def fault(self, where: str, what: str, do: str) -> None:
        self.faults.append(Fault(where, what, do))

    # ---- the document ----

    def config(self, document: Mapping[str, Any], path: Path) -> Config:
        self.faults.extend(_unknown(key, key, TABLES) for key in document if key not in TABLES)
        own = self.table(document, "deskbridge", {"data": str, "one_process": bool, "roles": list, "words": str})
        data = self.base / self.home(Path(own.get("data", DEFAULT_DATA)))
        channels = self.channels(document.get("channel", []))
        http = self.http(self.table(document, "http", {"listen": str, "public_url": str, "proxies": list}))
        archive = self.table(document, "archive", {"url": str})
        return Config(
            path=path,
            data=data,
            one_process=own.get("one_process", False),
            words=self.words(own.get("words", "")),
            roles=self.roles(own.get("roles"), channels),
            redis=self.redis(self.table(document, "redis", {"url": str, "replicas": int})),
            archive=ArchiveConfig(url=self.address(archive, "archive.url", SQL_SCHEMES)),
            files=self.files(
                self.table(document, "files", FILES_KEYS),
                archive.get("url", ""),
            ),
            backup=self.backup(self.table(document, "backup", BACKUP_KEYS)),
            http=http,
            sign_on=self.sign_on(document.get("sign_on", {}), http.public_url),
            hours=self.hours(self.table(document, "hours", {"allow": list})),
            push=self.push(self.table(document, "push", {"contact": str, "allow": list}), http.public_url),
            tracing=self.tracing(self.table(document, "tracing", {"endpoint": str, "sample": object})),
            calls=self.calls(self.table(document, "calls", CALLS_KEYS)),
            practice=self.table(document, "training", {"practice": bool}).get("practice", False),
            channels=channels,
            accounts=self.of_libraries(document, "account", AccountConfig, account_faults),
            catalogues=self.of_libraries(document, "catalogue", CatalogueConfig, catalogue_faults),
            secrets=self.secrets,
        )

    def table(self, document: Mapping[str, Any], name: str, types: Mapping[str, type]) -> dict[str, Any]:
        """The resolved keys of one table that are known and of their type."""
        table = document.get(name, {})
        if not isinstance(table, dict):
            self.fault(name, "is not a table", f"write [{name}] on a line of its own")
            return {}
        found = {}
        for key, value in self.resolved(table, name).items():
            if key not in types:
                self.faults.append(_unknown(f"{name}.{key}", key, types))
            elif not isinstance(value, types[key]) or (types[key] is int and isinstance(value, bool)):
                self.fault(f"{name}.{key}", f"is {_noun(type(value))}", f"write {_noun(types[key])}")
            else:
                found[key] = value
        return found

    def roles(self, written: list[Any] | None, channels: Iterable[ChannelConfig]) -> Roles:
        """The roles that the file gives to its process; everything when it gives none."""
        if written is None:
            return Roles()
        if not written or not all(isinstance(word, str) for word in written):
            self.fault("deskbridge.roles", "is not a list of roles", 'write roles = ["core", "web", "adapters"]')
            return Roles()
        try:
            return parse_roles(written, (channel.name for channel in channels))
        except BadRole as error:
            self.fault("deskbridge.roles", str(error), "write core, web, adapters or adapters:<channel>")
            return Roles()

    def words(self, written: str) -> Path | None:
        """The folder with the operator's languages, None for none."""
        if not written:
            return None
        folder = self.base / self.home(Path(written))
        if not folder.is_dir():
            self.fault("deskbridge.words", f"{folder} is no folder", "make it, or leave the key out")
            return None
        return folder

    def home(self, data: Path) -> Path:
        """A path with the home that `~` or `~user` means."""
        try:
            return data.expanduser()
        except RuntimeError:
            self.fault("deskbridge.data", f"has no home for {data.parts[0]}", "write the whole path")
            return data

    def redis(self, table: Mapping[str, Any]) -> Redis:
        replicas = table.get("replicas", 0)
        if replicas < 0 or (replicas and not table.get("url")):
            self.fault("redis.replicas", "cannot be kept", "write how many the Redis at url has, or leave it out")
        return Redis(url=self.address(table, "redis.url", REDIS_SCHEMES), replicas=replicas)

    def address(self, table: Mapping[str, Any], where: str, schemes: tuple[str, ...]) -> Secret:
        """The `url` of a table; it may hold a password, so all of it is a Secret."""
        url = table.get("url", "")
        scheme = url.partition(":")[0]
        if url and (scheme not in schemes or "://" not in url):
            self.fault(where, "is not a URL that we know", f"begin it with one of {', '.join(schemes)} and ://")
        return Secret(url)

    # ---- files ----

    def files(self, table: Mapping[str, Any], archive: str) -> FilesConfig:
        store = table.get("store", "")
        if store not in ("", *FILE_STORES):
            self.fault("files.store", f"{store!r} is not a store of files", f"write one of {', '.join(FILE_STORES)}")
            store = ""
        if store == "postgresql" and not archive.startswith("postgresql"):
            self.fault("files.store", "needs an archive in PostgreSQL", "set archive.url, or choose folder or s3")
        if table.get("quota_mb", 0) < 0:
            self.fault("files.quota_mb", "is less than nothing", "write how many megabytes all files may take")
        if (store == "s3" or table.keys() - {"store", "quota_mb"}) and not table.get("bucket"):
            self.fault("files.bucket", "is missing", "write the bucket's name")
        return FilesConfig(**{**table, "store": store, **self.bucket(table, "files")})

    def bucket(self, table: Mapping[str, Any], where: str) -> dict[str, str]:
        """Look at the keys of a bucket, and return those that are written in another way than they are used."""
        endpoint = table.get("endpoint", "")
        if bool(table.get("key")) != bool(table.get("secret")):
            self.fault(f"{where}.key", f"and {where}.secret go together", "write both, or leave both out")
        if endpoint and not (_is_public(endpoint) and (endpoint.startswith("https:") or _is_near(endpoint))):
            self.fault(f"{where}.endpoint", "is not https://host", "write https://…; http:// is for this machine alone")
        prefix = table.get("prefix", "").strip("/")
        return {"endpoint": endpoint.rstrip("/"), "prefix": f"{prefix}/" if prefix else ""}

    def backup(self, table: Mapping[str, Any]) -> BackupConfig:
        to, given = table.get("to", ""), table.get("recipients", [])
        if to and table.get("bucket"):
            self.fault("backup.to", "and backup.bucket both say where", "keep one of the two")
        elif to:
            to = str(self.base / self.home(Path(to)))
        for one in given:
            if not isinstance(one, str) or not one.startswith(("age1", "ssh-")):
                self.fault("backup.recipients", "holds what is no recipient", "write age1… or an SSH public key")
        for key, most in (("keep", 100), ("weekly", 13)):
            if not 1 <= table.get(key, 1) <= most:
                self.fault(f"backup.{key}", "is out of range", f"write a number from 1 to {most}")
        who = tuple(one for one in given if isinstance(one, str))
        return BackupConfig(**{**table, "to": to, "recipients": who, **self.bucket(table, "backup")})

    # ---- http ----

    def http(self, table: Mapping[str, Any]) -> Http:
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
        }
        http = Http(**given)
        self.listen(http.listen)
        if http.public_url and not _is_public(http.public_url):
            self.fault("http.public_url", "is not an address that people can type", "write https://desk.example.org")
        for proxy in http.proxies:
            self.network(proxy)
        return msgspec.structs.replace(http, public_url=OWN_PORT.sub(r"\1\2", http.public_url.rstrip("/")))

    def listen(self, listen: str) -> None:
        if not can_listen(listen):
            self.fault("http.listen", "is neither host:port nor a socket path", "write 127.0.0.1:8080")

    def network(self, proxy: object) -> None:
        try:
            ipaddress.ip_network(str(proxy), strict=False)
        except ValueError:
            self.fault("http.proxies", f"{proxy!r} is not a network", "write addresses as 10.0.0.0/8 or 10.0.0.4")

    def hours(self, table: Mapping[str, Any]) -> HoursConfig:
        return HoursConfig(allow=self.allowed(table, "hours.allow", "write calendar.example.org or 10.0.0.4:8080"))

    def push(self, table: Mapping[str, Any], public_url: str) -> PushConfig:
        contact = table.get("contact", "") or (public_url if public_url.startswith("https://") else "")
        if contact and not CONTACT.fullmatch(contact):
            self.fault("push.contact", "is not an address of a person", "write mailto:desk@example.org")
        allow = self.allowed(table, "push.allow", "write push.example.org or 10.0.0.4:8080")
        return PushConfig(contact=contact, allow=allow)

    def allowed(self, table: Mapping[str, Any], where: str, remedy: str) -> tuple[str, ...]:
        allow = table.get("allow", [])
        for host in allow:
            if not isinstance(host, str) or not HOST.fullmatch(host):
                self.fault(where, f"{host!r} is not a host", remedy)
        return tuple(str(host).lower() for host in allow)

    def tracing(self, table: Mapping[str, Any]) -> TracingConfig:
        endpoint, sample = table.get("endpoint", ""), table.get("sample", TracingConfig().sample)
        if table and not endpoint:
            self.fault("tracing.endpoint", "is missing", "write where the collector is: http://127.0.0.1:4318")
        elif endpoint and (not _is_public(endpoint) or "@" in endpoint):
            self.fault("tracing.endpoint", "is not the address of a collector", "write http://127.0.0.1:4318")
        if isinstance(sample, bool) or not isinstance(sample, (int, float)) or not 0 < sample <= 1:
            self.fault("tracing.sample", "is not a share", "write 0.01 for one message in a hundred, 1 for all")
            return TracingConfig()
        return TracingConfig(endpoint=endpoint.rstrip("/"), sample=sample)

    # ---- signing on ----

    def sign_on(self, table: object, public_url: str) -> SignOnSettings:
        """Read the ways to sign in: a table, and one for each service that signs people in."""
        before = len(self.faults)
        own = self.part(table, "sign_on", SignOnSettings)
        oidc = own.get("oidc")
        if isinstance(oidc, dict) and isinstance(oidc.get("client_secret"), str):
            do = "write client_secret_file and the name of a file"
            self.fault("sign_on.oidc.client_secret", "is a secret, which stands in a file of its own", do)
        for name, kind in (("oidc", OidcSettings), ("proxy", ProxySettings)):
            if name in own:
                own[name] = self.part(own[name], f"sign_on.{name}", kind)
        if len(self.faults) > before:
            return SignOnSettings()
        found = msgspec.convert(own, SignOnSettings)
        for fault in faults_of(found, public_url):
            self.fault(f"sign_on.{fault.field}", fault.what, fault.do)
        return found

    def part(self, table: object, where: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
        """The resolved keys of a table, all of them of the types that `kind` names; else faults."""
        if not isinstance(table, dict):
            self.fault(where, "is not a table", f"write [{where}] on a line of its own")
            return {}
        found = self.resolved(table, where)
        inner = {field.encode_name for field in msgspec.structs.fields(SignOnSettings)} & {"oidc", "proxy"}
        plain = {key: value for key, value in found.items() if kind is not SignOnSettings or key not in inner}
        self.faults.extend(_misfits(plain, kind, where))
        return found

    def calls(self, table: dict[str, Any]) -> CallsConfig:
        """What `[calls]` says of voice, video and screens."""
        config = CallsConfig(**{**table, "turn": tuple(table.get("turn", ()))})
        for key, what, do in calls_faults(config):
            self.fault(f"calls.{key}", what, do)
        return config

    # ---- channels ----

    def channels(self, tables: object) -> tuple[ChannelConfig, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.fault("channel", "is not a list of tables", "begin each channel with [[channel]]")
            return ()
        channels = tuple(self.channel(table, f"channel[{n}]") for n, table in enumerate(tables, 1))
        seen: set[str] = set()
        for n, channel in enumerate(channels, 1):
            if channel.name and channel.name in seen:
                self.fault(f"channel[{n}].name", f"{channel.name!r} is taken", "give every channel a name of its own")
            seen.add(channel.name)
        return channels

    def channel(self, table: dict[str, Any], where: str) -> ChannelConfig:
        named = table.get("name")
        place = f"{where} ({named})" if isinstance(named, str) and named else where
        settings = self.resolved(table, place)
        return ChannelConfig(
            name=self.word(settings, "name", place, NAME, "lower-case letters, digits and hyphens, 40 at most"),
            kind=self.word(settings, "kind", place, NAME, "a kind that `deskbridge adapters` lists"),
            queue=self.word(settings, "queue", place, QUEUE, "library/queue"),
            consortium=self.word(settings, "consortium", place, NAME, "lower-case letters, digits and hyphens", "main"),
            settings=settings,
        )

    def word(
        self, table: dict[str, Any], key: str, where: str, form: re.Pattern[str], advice: str, default: str = ""
    ) -> str:
        """Take `key` out of a table; a fault when it is missing without a default or not of its form."""
        value = table.pop(key, default)
        if value == "":
            self.fault(f"{where}.{key}", "is missing", f"add it: {advice}")
        elif not isinstance(value, str) or not form.fullmatch(value):
            self.fault(f"{where}.{key}", "cannot be used", f"write {advice}")
        return value if isinstance(value, str) else ""

    # ---- what libraries have ----

    def of_libraries(
        self,
        document: Mapping[str, Any],
        name: str,
        kind: type[T],
        faults: Callable[[T], Iterable[tuple[str, str, str]]],
    ) -> tuple[T, ...]:
        """Return the tables of one name, each for one library; faults are those of types, and what `faults` finds."""
        tables = document.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.fault(name, "is not a list of tables", f"begin each with [[{name}]]")
            return ()
        found: list[T] = []
        seen: set[tuple[str, str]] = set()
        for n, table in enumerate(tables, 1):
            place = f"{name}[{n}] ({library})" if (library := table.get("library")) else f"{name}[{n}]"
            settings = self.resolved(table, place)
            misfits = list(_misfits(settings, kind, place))
            self.faults.extend(misfits)
            if misfits:
                continue
            one = msgspec.convert(settings, kind)
            for field, what, do in faults(one):
                self.fault(f"{place}.{field}", what, do)
            key = (settings["library"], settings.get("consortium", "main"))
            if key in seen:
                self.fault(f"{place}.library", "has one already", f"keep one [[{name}]] a library")
            seen.add(key)
            found.append(one)
        return tuple(found)

    # ---- secrets ----

    def resolved(self, table: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The table with references to secrets replaced by what they name."""
        found: dict[str, Any] = {}
        for key, value in table.items():
            name, reference = _reference(key, value)
            if name in found or (name != key and name in table):
                self.fault(f"{where}.{key}", f"says {name} a second time", "keep one of the two")
            elif reference is None:
                found[name] = Secret(value) if isinstance(value, str) and SECRET_NAME.search(name) else value
            else:
                found[name] = self.secret(*reference, f"{where}.{key}")
        return found

    def secret(self, source: str, name: str, where: str) -> Secret:
        """What a reference names, without its last line break; a fault and an empty Secret when it is not there."""
        read: Callable[[str, str], Secret | None] = {
            "env": self.from_env,
            "file": self.from_file,
            "credential": self.from_credential,
        }[source]
        return read(name, where) or Secret()

    def from_env(self, name: str, where: str) -> Secret | None:
        if self.env.get(name):
            return Secret(self.env[name])
        self.fault(where, f"the environment has no {name}", "set it for the daemon, or use a file")
        return None

    def from_credential(self, name: str, where: str) -> Secret | None:
        folder = self.env.get("CREDENTIALS_DIRECTORY")
        if folder:
            return self.from_file(str(Path(folder) / Path(name).name), where)
        self.fault(where, "systemd passed no credentials", f"add LoadCredential={name}:<file> to the unit")
        return None

    def from_file(self, name: str, where: str) -> Secret | None:
        try:
            text = (self.base / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            self.fault(where, f"cannot read {name}: {why}", "let the daemon's user read that file")
            return None
        # An authority's certificate is public.
        if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY-----" in text:
            self.secrets[where] = self.base / name
        if not text.strip():
            self.fault(where, f"{name} is empty", "write the secret into it")
        return Secret(text.rstrip("\r\n"))


def _reference(key: str, value: Any) -> tuple[str, tuple[str, str] | None]:
    """The key that a line sets, and what it refers to: a source and a name."""
    if key.endswith("_file") and isinstance(value, str):
        return key.removesuffix("_file"), ("file", value)
    if isinstance(value, dict) and len(value) == 1:
        source, name = next(iter(value.items()))
        if source in ("env", "file", "credential") and isinstance(name, str):
            return key, (source, name)
    return key, None


def can_listen(listen: str) -> bool:
    """Whether it is host:port or a socket's path. A port alone is neither: it would answer on every address of the machine."""
    host, _, port = listen.rpartition(":")
    return listen.startswith("/") or (bool(host) and port.isdecimal() and 0 <= int(port) < 65536)


def _is_public(url: str) -> bool:
    """Whether it is an address of the web that people can type, a path below it allowed."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:  # half an IPv6 address, a port that is no number
        return False


def _is_near(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _noun(kind: type) -> str:
    names = {str: "a text", list: "a list", bool: "true or false", int: "a number", dict: "a table", float: "a number"}
    return next((noun for one, noun in names.items() if issubclass(kind, one)), kind.__name__)
