"""A private Dovecot: IMAP (in clear with STARTTLS, and over TLS) and LMTP; any user exists, all with one password.

`oauth` is the address of a token server's introspection: then XOAUTH2 works as well, by Dovecot's own oauth2 passdb.
"""

from __future__ import annotations

import contextlib
import imaplib
import shutil
import smtplib
from collections.abc import Iterator, Sequence

from tests.peers.certificate import Certificate
from tests.peers.daemon import Daemon, free_port

PASSWORD = "dove-4711-cote"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = deskbridge-{imap}
listen = 127.0.0.1
protocols = imap lmtp
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
log_path = {folder}/dovecot.log
auth_verbose = yes
disable_plaintext_auth = no
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0
{tls}
mail_home = {folder}/home/%u
mail_location = {location}
mailbox_list_index = yes
lmtp_save_to_detail_mailbox = no
recipient_delimiter = +
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 100
postmaster_address = postmaster@localhost
auth_username_format = %Ln
{oauth}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  chroot =
}}
"""
OAUTH_PASSDB = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
OAUTH = """
introspection_mode = post
introspection_url = {url}
username_attribute = username
username_format = %n
active_attribute = active
active_value = true
"""


SINGLE_FILES = "sdbox:~/sdbox"
MAILDIR = "maildir:~/Maildir"


class Dovecot(Daemon):
    """One server. In a Maildir it numbers a mail later than the next ones if somebody reads just then (it only tries for the
    lock), so mails come in order with SINGLE_FILES alone.
    """

    program = "/usr/sbin/dovecot"

    def __init__(
        self, certificate: Certificate | None = None, *, oauth: str = "", location: str = SINGLE_FILES
    ) -> None:
        super().__init__("dbdc-")
        self.imap, self.lmtp = free_port(), free_port()
        self.imaps = free_port() if certificate else 0
        for name in ("run", "state", "home"):
            (self.folder / name).mkdir()
        tls = "ssl = no"
        if certificate is not None:
            shutil.copy(certificate.chain, self.folder / "chain.pem")
            shutil.copy(certificate.key, self.folder / "key.pem")
            tls = f"ssl = yes\nssl_cert = <{self.folder}/chain.pem\nssl_key = <{self.folder}/key.pem"
        if oauth:
            (self.folder / "oauth2.conf").write_text(OAUTH.format(url=oauth))
        text = CONFIG.format(
            folder=self.folder, user=self.account.pw_name, group=self.group, imap=self.imap, imaps=self.imaps, lmtp=self.lmtp,
            tls=tls, location=location, password=PASSWORD, mechanisms="xoauth2 oauthbearer" if oauth else "",
            oauth=OAUTH_PASSDB.format(folder=self.folder) if oauth else "",
        )  # fmt: skip
        (self.folder / "dovecot.conf").write_text(text)

    def command(self) -> Sequence[str]:
        return [self.program, "-F", "-c", str(self.folder / "dovecot.conf")]

    def ports(self) -> Sequence[int]:
        return [self.imap, self.lmtp]

    def deliver(self, to: str, *mails: bytes, sender: str = "someone@localhost") -> None:
        """Put mails into a mailbox as a mail server does, one after the other; return when they are stored."""
        with smtplib.LMTP("127.0.0.1", self.lmtp, timeout=30) as client:
            for mail in mails:
                client.sendmail(sender, [to], mail, ["SMTPUTF8"] if not sender.isascii() else [])

    @contextlib.contextmanager
    def opened(self, user: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Open a folder of a user's mailbox with a client that shares no code with ours."""
        client = imaplib.IMAP4("127.0.0.1", self.imap, timeout=30)
        try:
            client.login(user, PASSWORD)
            client.select(folder)
            yield client
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.logout()

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Return every mail of a folder, in its order."""
        with self.opened(user, folder) as client:
            return fetched(client, "1:*")


def fetched(client: imaplib.IMAP4, which: str) -> list[bytes]:
    """Return mails of the opened folder by UID, in its order."""
    _, answer = client.uid("fetch", which, "(BODY.PEEK[])")
    return [part[1] for part in answer if isinstance(part, tuple)]
