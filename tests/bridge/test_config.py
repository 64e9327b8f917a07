"""deskbridge.toml: what it gives, and that every fault in it is told at once, without a secret."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bridge.app.config import Config, ConfigError, HereOnly, Secret, convert, load, redacted, with_here
from bridge.app.roles import parse_roles

GOOD = """
[deskbridge]
data = "state"

[redis]
url = "redis://:hunter2@db.example.org:6379/0"
replicas = 2

[archive]
url = "postgresql+asyncpg://desk:hunter2@db.example.org/desk"

[http]
listen = "[::1]:8080"
public_url = "https://desk.example.org/"
proxies = ["10.0.0.0/8"]

[[channel]]
name = "main-mail"
kind = "email"
queue = "north/reference"
address = "ask@example.org"
password_file = "mail.secret"
token = { env = "MAIL_TOKEN" }
tls = { credential = "tls" }
smtp_password = "hunter2"
retries = 3

[[channel]]
name = "web"
kind = "webchat"
consortium = "county"
queue = "north/reference"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "deskbridge.toml"
    path.write_text(text)
    return path


def read(folder: Path, text: str, **env: str) -> Config:
    return load(written(folder, text), env)


def faults(folder: Path, text: str, **env: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, **env)
    assert all(fault.what and fault.do for fault in caught.value.faults)
    return {fault.where: f"{fault.what}; {fault.do}" for fault in caught.value.faults}


@pytest.fixture
def good(tmp_path: Path) -> Config:
    (tmp_path / "mail.secret").write_text("from a file\n")
    (tmp_path / "tls").write_text("from systemd")
    return read(tmp_path, GOOD, MAIL_TOKEN="from the environment", CREDENTIALS_DIRECTORY=str(tmp_path))


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ('store = "nfs"', "files.store", "folder, postgresql, s3"),
        ('store = "postgresql"', "files.store", "archive in PostgreSQL"),
        ('store = "s3"', "files.bucket", "missing"),
        ('bucket = "desk"\nkey = "a"', "files.key", "go together"),
        ('bucket = "desk"\nendpoint = "http://s3.example.org"', "files.endpoint", "https"),
        ('bukket = "desk"', "files.bukket", "bucket"),
        ("bucket = 3", "files.bucket", "text"),
    ],
)
def test_where_files_are_kept_is_looked_at(tmp_path: Path, given: str, where: str, what: str) -> None:
    assert what in faults(tmp_path, f"[files]\n{given}\n")[where]


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ('recipients = ["somebody"]', "backup.recipients", "age1"),
        ("keep = 0", "backup.keep", "1 to 100"),
        ("weekly = 14", "backup.weekly", "1 to 13"),
        ('to = "/backup"\nbucket = "desk"', "backup.to", "keep one"),
        ('bucket = "desk"\nsecret = "a"', "backup.key", "go together"),
    ],
)
def test_where_backups_go_is_looked_at(tmp_path: Path, given: str, where: str, what: str) -> None:
    assert what in faults(tmp_path, f"[backup]\n{given}\n")[where]


def test_a_bucket_is_read_with_its_secret(tmp_path: Path) -> None:
    (tmp_path / "s3").write_text("hunter2\n")
    text = 'store = "s3"\nbucket = "desk"\nendpoint = "https://s3.example.org/"\nprefix = "/a"\nkey = "AK"\nsecret_file = "s3"'
    files = read(tmp_path, f"[files]\n{text}\n").files
    assert (files.endpoint, files.prefix, str(files.secret)) == ("https://s3.example.org", "a/", "hunter2")
    assert "hunter2" not in repr(files)


@pytest.mark.parametrize(
    "given, typed",
    [
        ("https://desk.example.org:443/", "https://desk.example.org"),
        ("http://desk.example.org:80/below", "http://desk.example.org/below"),
        ("https://desk.example.org:80", "https://desk.example.org:80"),
        ("https://desk.example.org:4430", "https://desk.example.org:4430"),
        ("https://[2001:db8::443]", "https://[2001:db8::443]"),
    ],
)
def test_a_port_that_goes_without_saying_is_left_unsaid(given: str, typed: str, tmp_path: Path) -> None:
    """As browsers do when they name an origin: ours is known by it."""
    assert read(tmp_path, f"[http]\npublic_url = {given!r}").http.public_url == typed


def test_everything_written_is_read(good: Config, tmp_path: Path) -> None:
    assert good.data == tmp_path / "state"
    assert good.redis.replicas == 2
    assert good.http.listen == "[::1]:8080"
    assert good.http.public_url == "https://desk.example.org"
    assert good.http.proxies == ("10.0.0.0/8",)
    mail, web = good.channels
    assert (mail.name, mail.kind, mail.consortium, mail.queue) == ("main-mail", "email", "main", "north/reference")
    assert (web.consortium, web.settings) == ("county", {})


def test_secrets_come_from_files_environment_and_systemd(good: Config) -> None:
    assert good.channels[0].settings == {
        "address": "ask@example.org",
        "password": "from a file",
        "token": "from the environment",
        "tls": "from systemd",
        "smtp_password": "hunter2",
        "retries": 3,
    }


def test_no_repr_shows_a_secret(good: Config) -> None:
    shown = repr(good)
    assert "hunter2" not in shown
    assert "from a file" not in shown
    assert "from the environment" not in shown
    assert "from systemd" not in shown


def test_an_empty_file_is_a_house_of_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert (config.redis.url, config.archive.url, config.channels) == ("", "", ())
    assert config.http.listen == "127.0.0.1:8080"


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        """
        [deskbrige]
        [deskbridge]
        data = 3
        [redis]
        url = "db.example.org"
        [http]
        listne = "127.0.0.1:1"
        listen = "8080"
        public_url = "desk.example.org"
        proxies = ["everybody"]
        [[channel]]
        name = "Main Mail"
        queue = "reference"
        password_file = "gone"
        [[channel]]
        name = "a"
        kind = "webchat"
        queue = "north/reference"
        token = { env = "UNSET" }
        secret = { credential = "c" }
        [[channel]]
        name = "a"
        kind = "webchat"
        queue = "north/reference"
        """,
    )
    assert set(told) == {
        "deskbrige",
        "deskbridge.data",
        "redis.url",
        "http.listne",
        "http.listen",
        "http.public_url",
        "http.proxies",
        "channel[1] (Main Mail).name",
        "channel[1] (Main Mail).kind",
        "channel[1] (Main Mail).queue",
        "channel[1] (Main Mail).password_file",
        "channel[2] (a).token",
        "channel[2] (a).secret",
        "channel[3].name",
    }
    assert "did you mean deskbridge?" in told["deskbrige"]
    assert "did you mean listen?" in told["http.listne"]
    assert "UNSET" in told["channel[2] (a).token"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[deskbridge", "file"),
        ("redis = 3", "redis"),
        ("channel = 3", "channel"),
        ("[channel]\nname = 'a'", "channel"),
        ("[http]\nlisten = '127.0.0.1:70000'", "http.listen"),
        ("[http]\nlisten = 'localhost'", "http.listen"),
        ("[redis]\nurl = 'redis://db'\nreplicas = -1", "redis.replicas"),
        ("[redis]\nurl = 'redis://db'\nreplicas = true", "redis.replicas"),
        ("[redis]\nreplicas = 1", "redis.replicas"),
        ("[http]\nproxies = [3.5]", "http.proxies"),
        ("[http]\npublic_url = 'https://[desk'", "http.public_url"),
        ("[http]\npublic_url = 'https://desk.example.org:https'", "http.public_url"),
        ("[http]\npublic_url = 'https://:443'", "http.public_url"),
        ("[deskbridge]\ndata = '~no-such-user/desk'", "deskbridge.data"),
        ("[archive]\nurl = 'mysql://x/y'", "archive.url"),
        (
            "[[channel]]\nname='a'\nkind='k'\nqueue='l/q'\npassword='x'\npassword_file='y'",
            "channel[1] (a).password_file",
        ),
    ],
)
def test_what_cannot_be_used_is_placed(tmp_path: Path, text: str, place: str) -> None:
    assert place in faults(tmp_path, text)


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist; write one, or name it with --config"):
        load(tmp_path / "none.toml")


def test_bytes_that_are_no_text_are_a_fault_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "deskbridge.toml").write_bytes(b"\xff\xfe[http]")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(tmp_path / "deskbridge.toml")


def test_a_fault_in_a_url_does_not_tell_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "[redis]\nurl = 'http://:hunter2@db'")
    assert "hunter2" not in str(caught.value)


def test_an_empty_secret_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "mail.secret").write_text("\n")
    told = faults(tmp_path, "[[channel]]\nname='m'\nkind='email'\nqueue='l/q'\npassword_file='mail.secret'")
    assert "is empty" in told["channel[1] (m).password_file"]


class MailKeys(msgspec.Struct, kw_only=True):
    """What a kind of channel may ask for."""

    address: str
    password: str
    port: int = 993


def test_a_kinds_own_keys_become_its_struct_and_secrets_stay_hidden() -> None:
    keys = convert({"address": "ask@example.org", "password": Secret("hunter2")}, MailKeys)
    assert keys.password == "hunter2"
    assert "hunter2" not in repr(keys)


def test_every_wrong_key_of_a_kind_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        convert({"adress": "x", "password": Secret("hunter2"), "port": "993"}, MailKeys, "channel[1] (m)")
    assert {fault.where for fault in caught.value.faults} == {
        "channel[1] (m).adress",
        "channel[1] (m).address",
        "channel[1] (m).port",
    }
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://db/0", "redis://db/0"),
        ("redis://:hunter2@db:6379/0", "redis://:…@db:6379/0"),
        ("postgresql://desk:hunter2@db/desk?password=hunter2", "postgresql://desk:…@db/desk"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted(url) == shown


CHANNELS = """
[redis]
url = "redis://db.example.org"
[archive]
url = "postgresql://db.example.org/desk"
[[channel]]
name = "sms"
kind = "sms"
queue = "north/reference"
[[channel]]
name = "web"
kind = "webchat"
queue = "north/reference"
"""


@pytest.mark.parametrize(
    ("written", "core", "web", "adapters"),
    [
        ("core", True, False, frozenset()),
        ("core,web,adapters", True, True, None),
        ("web, adapters:sms", False, True, frozenset({"sms"})),
        ("adapters:sms,web", False, True, frozenset({"sms"})),
        ("adapters:web,sms,core", True, False, frozenset({"web", "sms"})),
    ],
)
def test_roles_are_read_from_the_command_line_and_from_the_file(
    tmp_path: Path, written: str, core: bool, web: bool, adapters: frozenset[str] | None
) -> None:
    roles = with_here(read(tmp_path, CHANNELS), HereOnly(roles=written)).roles
    assert (roles.core, roles.web, roles.adapters) == (core, web, adapters)
    assert read(tmp_path, f'[deskbridge]\nroles = ["{written}"]\n{CHANNELS}').roles == roles
    assert parse_roles([str(roles)], ("sms", "web")) == roles


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("cora", "'cora' is no role; did you mean core?"),
        ("web,adapters:smz", "adapters:smz names no channel of this configuration; did you mean sms?"),
        ("", "'' is no role; known here: core, web, adapters"),
    ],
)
def test_a_wrong_role_is_told(tmp_path: Path, written: str, told: str) -> None:
    assert faults(tmp_path, f'[deskbridge]\nroles = ["{written}"]\n{CHANNELS}') == {
        "deskbridge.roles": f"{told}; write core, web, adapters or adapters:<channel>"
    }
    if written:
        with pytest.raises(ConfigError, match="--roles"):
            with_here(read(tmp_path, CHANNELS), HereOnly(roles=written))


def test_a_part_of_the_work_needs_servers_that_all_share(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        with_here(read(tmp_path, '[deskbridge]\nroles = ["core"]\n'), HereOnly())
    assert [fault.where for fault in caught.value.faults] == ["redis.url", "archive.url"]


TRACED = """
[tracing]
endpoint = "http://127.0.0.1:4318/"
"""


def test_traces_are_off_until_a_collector_is_named(tmp_path: Path) -> None:
    assert read(tmp_path, "").tracing.endpoint == ""
    found = read(tmp_path, TRACED).tracing
    assert (found.endpoint, found.sample) == ("http://127.0.0.1:4318", 0.01)
    assert read(tmp_path, TRACED + "sample = 1").tracing.sample == 1


def test_what_is_wrong_with_traces_is_told_by_its_key(tmp_path: Path) -> None:
    assert faults(tmp_path, "[tracing]\nsample = 0.5").keys() == {"tracing.endpoint"}
    for sample in ("0", "2", "true", "nan", '"all"'):
        assert faults(tmp_path, f"{TRACED}sample = {sample}").keys() == {"tracing.sample"}
    for endpoint in ("collector:4318", "http://me:hunter2@collector:4318", "http://collector:4318/?key=hunter2"):
        told = faults(tmp_path, f'[tracing]\nendpoint = "{endpoint}"')
        assert told.keys() == {"tracing.endpoint"}
        assert "hunter2" not in str(told)
