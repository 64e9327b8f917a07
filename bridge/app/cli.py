"""`deskbridge`: the one command, for the person who runs the daemon.

Each verb reads the configuration and calls one function of `bridge.app.daemon`, `bridge.app.demo` or `bridge.app.commands`.
It passes on that function's exit code: 0 done, 1 something is wrong and was printed. The daemon is imported by the verb
that needs it, so that `deskbridge --help` answers at once and `check` works where Redis does not.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from bridge.app.config import (
    DEFAULT_PATH,
    Config,
    ConfigError,
    HereOnly,
    WhichConsortium,
    convert,
    load,
    unshared,
    with_here,
)
from bridge.app.permissions import be_private, folder_fault, mode_of, secret_fault
from routing.organisation import Role

if TYPE_CHECKING:
    from bridge.contract.adapter import Ports

ConfigPath = Annotated[Path, Parameter(name=["--config", "-c"], help="The configuration file.")]

app = App(name="deskbridge", help="One desk, every channel.", version=lambda: version("deskbridge"))
desk = App(name="desk", help="Load or dump the organisation: libraries, queues, librarians, hours, scripts.")
librarian = App(name="librarian", help="Librarians' accounts.")
app.command(desk)
app.command(librarian)
files = App(name="files", help="Files that people attach: where they are kept.")
app.command(files)
partner = App(name="partner", help="Partner deployments: invite, accept, confirm, revoke.")
app.command(partner)
faq = App(name="faq", help="Questions and answers: export, import, check their links.")
app.command(faq)
words = App(name="words", help="Languages: what there is, what is missing, what is wrong in a file.")
app.command(words)
adapter = App(name="adapter", help="For authors of new kinds of channels.")
app.command(adapter)


COMMANDS = (
    "deskbridge.commands"  # entry points: verbs that installed packages add; each takes words, returns an exit code
)
CHANNEL_COMMANDS = "deskbridge.channel-commands"  # the same for verbs of adapters: bridge/contract/command.py


def main() -> None:
    """The console script."""
    be_private()
    for group, made in ((COMMANDS, added), (CHANNEL_COMMANDS, added_by_channel)):
        for point in entry_points(group=group):
            app.command(made(point), name=point.name, help=f"Added by {point.module}.")
    app()


def added(point: EntryPoint) -> Callable[..., int]:
    """A verb of another package, imported when it is called."""

    def verb(*words: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
        code: int = point.load()(words)
        return code

    return verb


def added_by_channel(point: EntryPoint) -> Callable[..., int]:
    """A verb of an adapter (bridge/contract/command.py), which gets the channels of the configuration."""

    def verb(*words: Annotated[str, Parameter(allow_leading_hyphen=True)], config: ConfigPath = DEFAULT_PATH) -> int:
        from bridge.app import channel_access

        return with_config(config, lambda read: channel_access.run_verb(read, point.load(), words))

    return verb


# ---- the daemon ----


@app.command(name="demo")
def demonstrate(*, listen: str = "127.0.0.1:8080", data: Path | None = None) -> int:
    """Serve two example libraries on this machine: no configuration, sign-in codes printed here.

    Parameters
    ----------
    listen
        Where to answer, as host:port.
    data
        Keep the data in this folder; without it a private one is used and removed at the end.
    """
    from bridge.app import demo

    return go(lambda: demo.serve(listen, data))


@app.command
def run(*, config: ConfigPath = DEFAULT_PATH, roles: str = "", listen: str = "", data: str = "") -> int:
    """Serve until told to stop.

    Parameters
    ----------
    roles
        The work that this process does: core, web, adapters or adapters:<channel>, with commas between; all of it by default.
    listen
        Where to answer, in place of what the file says.
    data
        The folder for its data, in place of what the file says.
    """
    from bridge.app import daemon

    here = HereOnly(roles=roles, listen=listen, data=data)
    return with_config(config, lambda read: daemon.serve(with_here(read, here), lambda: with_here(load(config), here)))


@app.command
def check(*, config: ConfigPath = DEFAULT_PATH, offline: bool = False) -> int:
    """Read the configuration, ask every channel's kind about its keys, connect to what is configured, and say all that is wrong.

    Parameters
    ----------
    offline
        Connect to nothing.
    """
    from bridge.app import contacts
    from bridge.app.backup import commands as backups
    from bridge.app.connection_check import tried

    try:
        read = load(config)
    except ConfigError as error:
        return say_wrong(error)
    wrong, notes = [*misconfigured(read), *exposed(read)], list[str]()
    if not wrong and not offline:
        found = asyncio.run(tried(read, unconnected("", read.http.public_url)))
        wrong, notes = found.wrong, found.notes
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{config}: {len(read.channels)} channels, nothing wrong")
        notes += asyncio.run(contacts.remarks(read))
        if not offline:
            notes += asyncio.run(backups.remarks(read))
    print(*[f"note: {line}\n" for line in notes], sep="", end="")
    return 1 if wrong else 0


def exposed(config: Config) -> list[str]:
    """What others on this machine may open: the data folder, the configuration, files of secrets."""
    found = [f"deskbridge.data: {fault}; chmod 700" for fault in [folder_fault(config.data)] if fault]
    if mode_of(config.path) & 0o022:
        found.append(f"{config.path}: others may change it (mode {mode_of(config.path):04o}); chmod 640")
    secrets = ((where, secret_fault(path)) for where, path in config.secrets.items())
    return found + [f"{where}: {fault}; chmod 600" for where, fault in secrets if fault]


def misconfigured(config: Config) -> list[str]:
    """What is wrong with where the streams and the archive are said to be, and what the kinds find wrong with their channels'
    own keys. Adapters are made, which does nothing; none is run."""
    from bridge.channels.plugins import load as adapter
    from bridge.contract.adapter import Misconfigured
    from bridge.contract.catalogues import folder_faults
    from bridge.redis.address import RedisUrl
    from bridge.sql.database import BadAddress, engine_for

    wrong = [str(fault) for fault in unshared(config)]
    try:
        if config.redis.url:
            RedisUrl.parse(config.redis.url)
    except ValueError as error:
        wrong.append(f"redis.url: {error}")
    try:
        if config.archive.url:
            engine_for(config.archive.url)
    except BadAddress as error:
        wrong.append(f"archive.url: {error}")
    wrong += storage_faults(config)
    if config.words is not None:
        wrong += [
            f"{config.words / name}: {key}{key and ': '}{what}" for name, key, what in folder_faults(config.words)
        ]
    for channel in config.channels:
        try:
            kind = adapter(channel.kind)
            kind(
                convert(channel.settings, kind.Config, channel.name), unconnected(channel.name, config.http.public_url)
            )
        except ConfigError as error:
            wrong += [str(fault) for fault in error.faults]
        except Misconfigured as error:
            wrong.append(f"{channel.name}: {error}")
    return wrong


def storage_faults(config: Config) -> list[str]:
    """What keeps files or backups from where they are to go: a client that is missing, or nobody who could open a backup."""
    from bridge.app.backup.sealing import Unsealable, recipients
    from bridge.app.file_stores import bucket_of
    from bridge.contract.adapter import Misconfigured

    wrong = []
    for where, meant in (("files", config.files), ("backup", config.backup)):
        try:
            if meant.bucket:
                bucket_of(meant, where)
        except Misconfigured as error:
            wrong.append(str(error))
    try:
        if config.backup.to or config.backup.bucket:
            recipients(config.backup.recipients)
    except Unsealable as error:
        wrong.append(f"backup.recipients: {error}")
    return wrong


def unconnected(channel: str, public_url: str = "") -> Ports:
    """Ports that lead nowhere, for an adapter that is only looked at."""
    from aiohttp.web import Application

    from bridge.contract.adapter import Ports

    nowhere: Any = object()
    return Ports(
        channel=channel,
        inlet=nowhere,
        history=nowhere,
        desk=nowhere,
        find=nowhere,
        signals=nowhere,
        blobs=nowhere,
        routes=Application().router,
        memory=nowhere,
        public_url=public_url,
        deliveries=nowhere,
        secret=bytes(32),
        revocations=nowhere,
    )


@app.command
def setup(
    *,
    config: ConfigPath = DEFAULT_PATH,
    coordinator: str = "",
    answers: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    systemd: bool = False,
    only_files: bool = False,
) -> int:
    """Make the data folder and the archive's tables; safe to repeat, and what an upgrade runs.

    Where there is no configuration yet, it first asks a few questions and writes one. It overwrites no file.

    Parameters
    ----------
    coordinator
        Also make this first coordinator's account, written name@library, and print a sign-in code.
    answers
        Take the answers from this TOML file instead ("-" is standard input); docs/install.md lists them.
    systemd
        The secrets become credentials of the systemd unit.
    only_files
        Write the files and go no further: what follows is another user's work.
    """
    from bridge.app import commands
    from bridge.app.first_setup import configure

    if answers is not None or only_files or (not config.exists() and sys.stdin.isatty()):
        code = configure(config, answers, misconfigured, systemd=systemd)
        if code or only_files:
            return code
    return with_config(config, lambda read: commands.setup(read, coordinator))


@app.command
def adapters() -> int:
    """List the kinds of channel that are installed, and what each can do."""
    from bridge.channels.plugins import kinds

    for kind in kinds():
        print(f"{kind:<12} {abilities(kind)}")
    return 0


def abilities(kind: str) -> str:
    """The declared capabilities in one line, or why the adapter cannot be used."""
    from bridge.channels.plugins import load as adapter
    from bridge.contract.adapter import Misconfigured

    try:
        capabilities = adapter(kind).capabilities
    except Misconfigured as error:
        return f"cannot be used: {error}"
    declared = ((name, _told(getattr(capabilities, name))) for name in capabilities.__struct_fields__)
    return " ".join(name if value is True else f"{name}={value}" for name, value in declared if value)


def _told(value: Any) -> Any:
    """Return a declared value as people read it: kinds of rows by their names."""
    return ",".join(getattr(each, "name", str(each)) for each in value) if isinstance(value, tuple) else value


# ---- the organisation and its people ----


@desk.command(name="load")
def desk_load(file: Path, /, *, consortium: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """Replace the libraries named in a TOML file by what it says; others stay as they are.

    Parameters
    ----------
    consortium
        Whose libraries they are, where the configuration has several consortia.
    """
    from bridge.app import commands

    return with_config(config, lambda read: commands.desk_load(read, file, consortium))


@desk.command(name="dump")
def desk_dump(*, consortium: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """Print the organisation as TOML, without passwords.

    Parameters
    ----------
    consortium
        Whose libraries, where the configuration has several consortia.
    """
    from bridge.app import commands

    return with_config(config, lambda read: commands.desk_dump(read, consortium))


@librarian.command(name="add")
def librarian_add(
    name: str,
    library: str,
    /,
    *,
    role: Role | None = None,
    coordinator: bool = False,
    config: ConfigPath = DEFAULT_PATH,
) -> int:
    """Make an account and print a sign-in code, good once.

    Parameters
    ----------
    name
        What the librarian signs in with.
    library
        Where the librarian works.
    role
        What they may do: a coordinator edits the library, an administrator every library, a counter only counts.
    coordinator
        The same as --role coordinator.
    """
    from bridge.app import commands

    given: Role | None = role or ("coordinator" if coordinator else None)
    return with_config(config, lambda read: commands.librarian_add(read, name, library, role=given))


@librarian.command(name="role")
def librarian_role(name: str, role: Role, /, *, config: ConfigPath = DEFAULT_PATH) -> int:
    """Give a librarian another role: librarian, coordinator, administrator or counter."""
    from bridge.app import commands

    return with_config(config, lambda read: commands.librarian_role(read, name, role))


@librarian.command(name="reset")
def librarian_reset(name: str, /, *, config: ConfigPath = DEFAULT_PATH) -> int:
    """End a librarian's sessions, drop the password, and print a sign-in code, good once."""
    from bridge.app import commands

    return with_config(config, lambda read: commands.librarian_reset(read, name))


@librarian.command(name="release")
def librarian_release(name: str, /, *, config: ConfigPath = DEFAULT_PATH) -> int:
    """Let another library list a librarian who left. What they had before stays with the old library."""
    from bridge.app import commands

    return with_config(config, lambda read: commands.librarian_release(read, name))


@librarian.command(name="list")
def librarian_list(*, config: ConfigPath = DEFAULT_PATH) -> int:
    """List the accounts."""
    from bridge.app import commands

    return with_config(config, lambda read: commands.librarian_list(read))


# ---- partners ----


@partner.command(name="invite")
def partner_invite(library: str, /, *, channel: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """Print an invitation for another deployment, good once within a week.

    Parameters
    ----------
    library
        The id that the partner gets as a library here.
    channel
        The channel to partners, where there are several.
    """
    from bridge.app import partners

    return with_config(config, lambda read: partners.invite(read, library, channel))


@partner.command(name="accept")
def partner_accept(library: str, /, *, channel: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """Accept the invitation that standard input holds.

    Parameters
    ----------
    library
        The id that the partner gets as a library here.
    channel
        The channel to partners, where there are several.
    """
    from bridge.app import partners

    return with_config(config, lambda read: partners.accept(read, library, channel))


@partner.command(name="list")
def partner_list(*, channel: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """List the partnerships with both fingerprints.

    Parameters
    ----------
    channel
        The channel to partners, where there are several.
    """
    from bridge.app import partners

    return with_config(config, lambda read: partners.listed(read, channel))


@partner.command(name="confirm")
def partner_confirm(id: str, /, *, channel: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """Confirm a partnership, once both fingerprints were compared with the other side.

    Parameters
    ----------
    channel
        The channel to partners, where there are several.
    """
    from bridge.app import partners

    return with_config(config, lambda read: partners.settle(read, id, channel, confirm=True))


@partner.command(name="revoke")
def partner_revoke(id: str, /, *, channel: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """End a partnership at once.

    Parameters
    ----------
    channel
        The channel to partners, where there are several.
    """
    from bridge.app import partners

    return with_config(config, lambda read: partners.settle(read, id, channel, confirm=False))


# ---- files and backups ----


@app.command
def backup(
    *,
    to: Path | None = None,
    recipient: list[str] | None = None,
    keep: int | None = None,
    forgotten: bool = False,
    config: ConfigPath = DEFAULT_PATH,
) -> int:
    """Write all of the desk to one encrypted file, while the daemon goes on, and delete older backups.

    Parameters
    ----------
    to
        A folder, in place of what the configuration says.
    recipient
        Who can open it, in place of what the configuration says: age1… or an SSH public key. May be repeated.
    keep
        Keep the newest backup of each of that many days.
    forgotten
        Only write the list of who was forgotten, which takes a moment.
    """
    from bridge.app.backup import commands

    return with_config(
        config, lambda read: commands.backup(commands.told(read, to, recipient, keep), forgotten=forgotten)
    )


@app.command
def restore(
    backup: str,
    /,
    *,
    identity: Path,
    forgotten: Path | None = None,
    settings: Path | None = None,
    config: ConfigPath = DEFAULT_PATH,
) -> int:
    """Bring a backup back into an empty place, and forget again who was forgotten since.

    Parameters
    ----------
    backup
        The file, or the name of one where backups go.
    identity
        The file with the key that opens it.
    forgotten
        The list of who was forgotten, if it doesn't lie beside the backup.
    settings
        Only write the backup's configuration and secrets to this new folder.
    """
    from bridge.app.backup import commands

    return with_config(config, lambda read: commands.restore(read, backup, identity, forgotten, settings))


@files.command(name="move")
def files_move(*, config: ConfigPath = DEFAULT_PATH) -> int:
    """Move files that are still in another store to the one that the configuration names. The daemon does so by itself."""
    from bridge.app import commands

    return with_config(config, commands.files_move)


# ---- questions and answers ----


@faq.command(name="export")
def faq_export(library: str, /, *, csv: bool = False, config: ConfigPath = DEFAULT_PATH) -> int:
    """Print a library's entries as JSON.

    Parameters
    ----------
    csv
        As a table for spreadsheets instead.
    """
    from bridge.app import faq_commands

    return with_config(config, lambda read: faq_commands.export_faq(read, library, "csv" if csv else "json"))


@faq.command(name="import")
def faq_import(library: str, file: Path, /, *, config: ConfigPath = DEFAULT_PATH) -> int:
    """Take in entries from a JSON or CSV file: all of them, or none where one is wrong."""
    from bridge.app import faq_commands

    return with_config(config, lambda read: faq_commands.import_faq(read, library, file))


@faq.command(name="check-links")
def faq_check_links(library: str, /, *, config: ConfigPath = DEFAULT_PATH) -> int:
    """Ask for each link in a library's entries; the inbox lists those that lead nowhere."""
    from bridge.app import faq_commands

    return with_config(config, lambda read: faq_commands.check_faq_links(read, library))


# ---- languages ----


@words.command(name="list")
def words_list() -> int:
    """Print each language with how much of each catalogue it has."""
    from bridge.app import words_commands

    return words_commands.overview()


@words.command(name="missing")
def words_missing(language: str, catalogue: str = "", /, *, folder: Path | None = None) -> int:
    """Print what a language lacks as JSON, with the English texts: a file to translate.

    Parameters
    ----------
    language
        Its tag, such as pt or zh-Hans.
    catalogue
        One of those that `words list` names; all of them without it.
    folder
        Where the language's files are, when they aren't those that come with the program.
    """
    from bridge.app import words_commands

    return words_commands.missing(language, catalogue, folder)


@words.command(name="check")
def words_check(files: list[Path], /) -> int:
    """Say what is wrong in files of words: unknown keys, other names in braces, plural forms.

    Parameters
    ----------
    files
        Files, or folders of files, named <catalogue>.<language>.json.
    """
    from bridge.app import words_commands

    return words_commands.check(files)


@adapter.command(name="new")
def adapter_new(name: str, /, *, folder: Path | None = None) -> int:
    """Write a package for a new kind of channel. It passes the conformance suite, against a network in memory.

    Parameters
    ----------
    name
        What `kind` will be in a configuration: a-z, 0-9 and hyphens.
    folder
        Where it is written; without it, a new folder deskbridge-<name> here.
    """
    from bridge.app.adapter_kit.writing import new

    return new(name, folder or Path(f"deskbridge-{name}"))


# ---- what happened ----


@app.command
def replay(*, consortium: str = "", config: ConfigPath = DEFAULT_PATH) -> int:
    """Fold the log again from its older snapshot and compare with the newer one; say whether they agree.

    Parameters
    ----------
    consortium
        Whose log, where the configuration has several consortia.
    """
    from bridge.app import commands

    return with_config(config, lambda read: commands.replay(read, consortium))


@app.command
def export(*, library: str = "", since: str = "", to: Path | None = None, config: ConfigPath = DEFAULT_PATH) -> int:
    """Print the archive's transcripts, one JSON document a line; or write everything into a folder, for another desk.

    Parameters
    ----------
    library
        Only this library.
    since
        Only conversations that began on this day (YYYY-MM-DD) or later.
    to
        Write conversations, counted questions, FAQ, people and the organisation into this folder: docs/import.md describes them.
    """
    from bridge.app import commands, exchange_commands

    if to is not None:
        return with_config(config, lambda read: exchange_commands.export_to(read, to, library))
    return with_config(config, lambda read: commands.export(read, library, since))


@app.command(name="import")
def import_(
    profile: str,
    files: list[Path],
    /,
    *,
    library: str,
    mapping: Path | None = None,
    queue: str = "",
    source: str = "",
    dry_run: bool = False,
    config: ConfigPath = DEFAULT_PATH,
) -> int:
    """Take another desk's conversations, counted questions or FAQ in, each once. Works beside a running daemon.

    Exit code 0: all is in; 2: rows were named and skipped, the rest is in; 1: nothing was done.

    Parameters
    ----------
    profile
        generic, libraryh3lp, libchat, libanswers-faq, refanalytics, chatwoot, zammad or deskbridge.
    library
        Whose they become.
    mapping
        A TOML file that says which column is what: docs/import.md.
    queue
        The queue of conversations whose own isn't known here; the library's first one without it.
    source
        The name of the other desk, if one product has several.
    dry_run
        Only read and count, and show the first ones.
    """
    from bridge.app import exchange_commands

    order = exchange_commands.ImportOrder(profile, files, library, mapping, queue, source, dry_run)
    return with_config(config, lambda read: exchange_commands.import_files(read, order))


@app.command
def forget(
    what: str,
    /,
    *,
    everything: bool = False,
    follow_ups: bool = False,
    yes: bool = False,
    consortium: str = "",
    config: ConfigPath = DEFAULT_PATH,
) -> int:
    """Forget a conversation, or all of a patron's, because the patron asks: words, files, names and addresses; the numbers stay.

    Says what is meant and changes nothing until --yes is given. The daemon carries it out.

    Parameters
    ----------
    what
        A conversation's id, or an address of the patron's: then all that is this patron's is meant.
    everything
        With an id: all conversations of its patron.
    follow_ups
        Give up open follow-ups with their conversations, which are refused otherwise.
    yes
        Do it.
    consortium
        Whose desk it is, where the configuration has several.
    """
    from bridge.app import commands

    wish = commands.Wish(what, everything=everything, follow_ups=follow_ups, yes=yes)
    return with_config(config, lambda read: commands.forget(read, wish, consortium))


# ---- between a verb and the daemon ----


def with_config(path: Path, start: Callable[[Config], Awaitable[int]]) -> int:
    """Read the configuration and carry a verb out; its exit code."""
    try:
        config = load(path)
    except ConfigError as error:
        return say_wrong(error)
    return go(lambda: start(config))


def go(start: Callable[[], Awaitable[int]]) -> int:
    """Run to the end on uvloop; an interrupt is the usual way to stop and no error."""
    import uvloop

    async def carried_out() -> int:
        return await start()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(carried_out())
    except (ConfigError, WhichConsortium) as error:
        return say_wrong(error)
    except KeyboardInterrupt:
        return 0


def say_wrong(error: Exception) -> int:
    print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()
