"""A private Exim: submission with AUTH, STARTTLS and TLS; mail for localhost goes to a Dovecot's LMTP; anything else bounces.

unknown@localhost is refused at RCPT, later@localhost is put off, gone@localhost is taken and then bounces, as a real DSN.
library.localhost is the same place by a name with a dot in it.
`queued`: mail waits until `flush`, which delivers in the order of arrival (Exim's daemon delivers side by side).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from tests.peers.certificate import Certificate
from tests.peers.daemon import Daemon, free_port

CONFIG = r"""
exim_user = {user}
exim_group = {group}
never_users =
trusted_users = {user}
admin_groups = {group}
primary_hostname = localhost
qualify_domain = localhost
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
keep_environment =
local_interfaces = <; [127.0.0.1]:{port} ; [127.0.0.1]:{tlsport}
daemon_startup_sleep = 1s
daemon_smtp_ports = {port}
tls_on_connect_ports = {tlsport}
tls_advertise_hosts = {advertise}
{tls}
auth_advertise_hosts = *
smtp_accept_max = 100
smtp_accept_max_per_connection = 10000
smtp_accept_queue_per_connection = 0
queue_only = {queued}
queue_run_in_order = true
queue_run_max = 1
deliver_drop_privilege = true
message_size_limit = 60M
smtputf8_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = false
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
begin acl
acl_rcpt:
  deny    message = 5.1.1 no such user
          local_parts = unknown
  defer   message = 4.3.0 try later
          local_parts = later
  accept  authenticated = *
  accept  domains = localhost : library.localhost
  deny    message = 5.7.1 relay not permitted
begin routers
gone:
  driver = redirect
  domains = localhost : library.localhost
  local_parts = gone
  allow_fail
  data = :fail: 550 5.1.1 no such user here
lmtp:
  driver = manualroute
  domains = localhost : library.localhost
  transport = lmtp
  route_list = * "127.0.0.1"
  self = send
  no_more
fail:
  driver = redirect
  allow_fail
  data = :fail: no route in tests
begin transports
lmtp:
  driver = smtp
  protocol = lmtp
  port = {lmtp}
  allow_localhost
  rcpt_include_affixes
  hosts_try_chunking =
  hosts_try_prdr =
begin retry
* * F,10m,5s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{lookup{{$auth2}}lsearch{{{folder}/users}}{{${{if eq{{$value}}{{$auth3}}}}}}{{false}}}}
  server_set_id = $auth2
  server_prompts = :
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{lookup{{$auth1}}lsearch{{{folder}/users}}{{${{if eq{{$value}}{{$auth2}}}}}}{{false}}}}
  server_set_id = $auth1
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_advertise_condition = ${{if exists{{{folder}/tokens}}}}
  server_condition = ${{lookup{{${{sg{{$auth1}}{{^user=.*auth=Bearer ([a-z0-9-]*).*\$}}{{\$1}}}}}}\
      lsearch{{{folder}/tokens}}{{true}}{{false}}}}
  server_set_id = $auth1
"""


class Exim(Daemon):
    """One server that delivers to the LMTP port `lmtp`; `users` may submit."""

    program = "/usr/sbin/exim4"

    def __init__(
        self, lmtp: int, users: Mapping[str, str], certificate: Certificate | None = None, *, queued: bool = False
    ) -> None:
        super().__init__("dbex-")
        self.port, self.tlsport = free_port(), free_port()
        for name in ("spool", "log"):
            (self.folder / name).mkdir()
        (self.folder / "users").write_text("".join(f"{user}: {password}\n" for user, password in users.items()))
        tls = ""
        if certificate is not None:
            shutil.copy(certificate.chain, self.folder / "chain.pem")
            shutil.copy(certificate.key, self.folder / "key.pem")
            tls = f"tls_certificate = {self.folder}/chain.pem\ntls_privatekey = {self.folder}/key.pem"
        text = CONFIG.format(
            folder=self.folder, user=self.account.pw_name, group=self.group, port=self.port, tlsport=self.tlsport, lmtp=lmtp,
            tls=tls, advertise="*" if tls else "", queued="true" if queued else "false",
        )  # fmt: skip
        (self.folder / "exim.conf").write_text(text)

    def command(self) -> Sequence[str]:
        return [self.program, "-C", str(self.folder / "exim.conf"), "-bdf", "-q10s"]

    def ports(self) -> Sequence[int]:
        return [self.port]

    def trust(self, *tokens: str) -> None:
        """Let these access tokens, and no others, submit by XOAUTH2."""
        (self.folder / "tokens").write_text("".join(f"{token}: yes\n" for token in tokens))
        os.chown(self.folder / "tokens", self.account.pw_uid, self.account.pw_gid)

    def without_smtputf8(self) -> None:
        """Start again as a server that takes only ASCII addresses."""
        config = self.folder / "exim.conf"
        config.write_text(config.read_text().replace("smtputf8_advertise_hosts = *", "smtputf8_advertise_hosts ="))
        self.stop()
        self.start()

    def flush(self) -> None:
        """Deliver what waits, in the order of arrival."""
        as_user = ["setpriv", f"--reuid={self.account.pw_uid}", f"--regid={self.account.pw_gid}", "--clear-groups"]
        run = [self.program, "-C", str(self.folder / "exim.conf"), "-q"]
        subprocess.run([*as_user, *run], capture_output=True, check=True, timeout=60, cwd=self.folder)
