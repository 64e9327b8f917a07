"""[sign_on] of the configuration: what it gives, and that every field that can't be used is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.app.config import ConfigError, load

GOOD = """
[http]
public_url = "https://desk.example.org"

[sign_on]
second_factor = ["administrator"]

[sign_on.oidc]
name = "County account"
issuer = "https://login.example.org"
client_id = "desk"
client_secret_file = "secret"
create = true

[[sign_on.oidc.groups]]
group = "staff"
role = "librarian"
library = "north"
teams = ["north/desk"]

[sign_on.proxy]
name = "Campus"
user_header = "X-Remote-User"
addresses = ["10.0.0.4"]
"""


def _written(folder: Path, text: str) -> Path:
    (folder / "secret").write_text("a-secret-of-some-length\n")
    path = folder / "deskbridge.toml"
    path.write_text(text)
    return path


def _faults(folder: Path, text: str) -> dict[str, str]:
    path = _written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert "a-secret" not in str(caught.value)
    return {fault.where: fault.what for fault in caught.value.faults}


def test_it_gives_what_it_says(tmp_path: Path) -> None:
    found = load(_written(tmp_path, GOOD), {})
    assert found.sign_on.oidc is not None
    assert found.sign_on.oidc.client_secret == "a-secret-of-some-length"
    assert "a-secret" not in repr(found)
    assert found.sign_on.second_factor == ("administrator",)
    assert "sign_on.oidc.client_secret_file" in found.secrets, "its file is kept private"


@pytest.mark.parametrize(
    "old, new, where",
    [
        ('client_secret_file = "secret"', 'client_secret = "a-secret-in-the-open"', "sign_on.oidc.client_secret"),
        ("https://login.example.org", "http://login.example.org", "sign_on.oidc.issuer"),
        ('public_url = "https://desk.example.org"', "", "sign_on.oidc"),
        ('role = "librarian"', 'role = "king"', "sign_on.oidc.groups"),
        ('library = "north"', "", "sign_on.oidc.library"),
        ('teams = ["north/desk"]', 'teams = ["south/desk"]', "sign_on.oidc.groups[1].teams"),
        ('["10.0.0.4"]', '["proxy.example.org"]', "sign_on.proxy.addresses"),
        ('"X-Remote-User"', '"X Remote"', "sign_on.proxy.user_header"),
        ('["administrator"]', '["boss"]', "sign_on.second_factor"),
        ("[sign_on]", "[sign_on]\npassword = true", "sign_on.password"),
        ('client_id = "desk"', "", "sign_on.oidc.client_id"),
    ],
)
def test_each_field_that_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, where: str) -> None:
    assert old in GOOD
    assert where in _faults(tmp_path, GOOD.replace(old, new, 1))
