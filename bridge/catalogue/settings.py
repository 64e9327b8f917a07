"""What `[[catalogue]]` in deskbridge.toml means: where a library's catalogue is, and how it wants to be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from bridge.catalogue.profiles import FIELDS, PROFILES, Profile

ProfileName = Literal["koha", "evergreen", "alma", "k10plus", "swb", "own", "link"]


class CatalogueConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue of one library.

    profile           how the server names its indexes; `link`: no search here, only a link to the library's own search page
    url               the SRU base address; "" where the profile has one
    version, schema   of SRU; "" = the profile's
    indexes           names of indexes that differ from the profile's, by `any`, `title`, `author`, `isbn`
    record_link       the address of a record's page, with {id}
    search_link       the address of the library's own search page, with {words}
    availability      how to ask about copies; `availability_url` is the DAIA address, or Koha's base address
    own_network       the operator says that these hosts may be private, or not encrypted
    """

    library: str
    consortium: str = "main"
    name: str = ""
    profile: ProfileName = "own"
    url: str = ""
    version: str = ""
    schema: str = ""
    indexes: Mapping[str, str] = {}
    record_link: str = ""
    search_link: str = ""
    availability: Literal["", "daia", "koha"] = ""
    availability_url: str = ""
    own_network: bool = False

    @property
    def searched(self) -> bool:
        """Whether the desk itself can search it."""
        return self.profile != "link"

    def resolved(self) -> Profile:
        """Return the profile with what this library has changed."""
        profile = PROFILES[self.profile]
        return Profile(
            url=self.url or profile.url,
            version=self.version or profile.version,
            schema=self.schema or profile.schema,
            indexes={**profile.indexes, **self.indexes},
        )


def catalogue_faults(config: CatalogueConfig) -> Iterator[tuple[str, str, str]]:
    """Yield the field, what is wrong with it, and what to do."""
    if config.searched and not config.resolved().url:
        yield "url", "is missing", "write the SRU base address, or profile = 'link'"
    for field in ("url", "record_link", "search_link", "availability_url"):
        value = getattr(config, field)
        if value and not _is_web(value):
            yield field, "is not a web address", "begin it with https://"
        elif value.startswith("http://") and field in ("url", "availability_url") and not config.own_network:
            yield field, "is not encrypted", "write https://, or own_network = true"
    if config.record_link and "{id}" not in config.record_link:
        yield "record_link", "names no record", "write {id} where the record's number belongs"
    if (config.search_link or not config.searched) and "{words}" not in config.search_link:
        yield "search_link", "names no words", "write {words} where the words belong"
    for name in config.indexes.keys() - set(FIELDS):
        yield f"indexes.{name}", "is not known", f"known here: {', '.join(FIELDS)}"
    for name, index in config.indexes.items():
        if not index or not index.replace(".", "").replace("-", "").replace("_", "").isalnum():
            yield f"indexes.{name}", "is not the name of an index", "write it like dc.title"
    if config.availability and not config.availability_url:
        yield "availability_url", "is missing", "write where copies are asked about"


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
