"""An ejabberd of one's own: loopback, free ports, no epmd, a folder that goes away; not as root. Shares no code with Prosody.

Connections are not encrypted (loopback only): StartTLS and direct TLS are tested on Prosody. Accounts are made over its HTTP API.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.peers.daemon import free_port
from tests.peers.prosody import COMPONENT, DEADLINE, SECRET, Certificate, listening

START_S = 60.0

CONFIG = """
hosts: [localhost]
loglevel: {level}
certfiles: []
listen:
  - {{port: {c2s}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false, max_stanza_size: 262144, shaper: none, access: all}}
{listener}
  - port: {http}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{"/api": mod_http_api, "/upload": mod_http_upload}}
s2s_access: none
auth_method: [internal]
auth_password_format: plain
api_permissions:
  "local api": {{from: [mod_http_api], who: {{ip: "127.0.0.1/8"}}, what: "*"}}
modules:
  mod_adhoc: {{}}
  mod_privacy: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_http_api: {{}}
  mod_http_upload: {{host: "files.localhost", put_url: "http://127.0.0.1:{http}/upload", docroot: "{folder}/upload", access: all}}
  mod_last: {{}}
  mod_mam: {{default: always}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline}}
  mod_admin_extra: {{}}
"""
STANDARD = f"""  - port: 5347
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    hosts: {{"{COMPONENT}": {{password: "{SECRET}"}}}}"""


class Ejabberd:
    """One server."""

    name = "ejabberd"
    tls = False

    def __init__(self, accounts: Mapping[str, str], *, level: str = "info", listener: str = STANDARD) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbejabberd-", dir="/tmp"))
        self.c2s, self.component, self.http, self._dist = (free_port() for _ in range(4))
        self.certificate = Certificate(self.folder / "certs")
        self._accounts = dict(accounts)
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("spool", "log", "conf", "upload"):
            (self.folder / name).mkdir()
        text = CONFIG.format(
            level=level, c2s=self.c2s, component=self.component, http=self.http, folder=self.folder,
            listener=listener.replace("5347", str(self.component)),
        )  # fmt: skip
        (self.folder / "conf/ejabberd.yml").write_text(text)
        (self.folder / "conf/inetrc").write_text('{lookup,["file","native"]}.\n')
        (self.folder / "conf/ejabberdctl.cfg").write_text("")
        program = re.sub(r"(?m)^INSTALLUSER=.*$", "INSTALLUSER=", Path("/usr/sbin/ejabberdctl").read_text())
        (self.folder / "ejabberdctl").write_text(program)
        (self.folder / "ejabberdctl").chmod(0o755)

    def start(self) -> Ejabberd:
        """Start it, and return when it listens and knows its accounts."""
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "ERL_DIST_PORT": str(self._dist),
            "INET_DIST_INTERFACE": "127.0.0.1",
            "ERL_FLAGS": "+sbwt none +sbwtdcpu none +sbwtdio none",  # its schedulers spin while they wait, else
        }
        places = ["--config-dir", "conf", "--logs", "log", "--spool", "spool"]
        command = [str(self.folder / "ejabberdctl")] + [
            str(self.folder / each) if not each.startswith("--") else each for each in places
        ]
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--node", f"desk{self.c2s}@localhost", "foreground"],
                cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **self._as_nobody(),
            )  # fmt: skip
        listening([self.c2s, self.component, self.http], self._process, self.folder / "out.log")
        for name, password in self._accounts.items():
            self._call("register", user=name, host="localhost", password=password)
        return self

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def account(self, name: str, password: str) -> None:
        """Make an account, or change its password."""
        if name not in self._accounts:
            self._call("register", user=name, host="localhost", password=password)
        elif self._accounts[name] != password:
            self._call("change_password", user=name, host="localhost", newpass=password)
        self._accounts[name] = password

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """End it and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            self._process.wait(DEADLINE)
            self._process = None

    def _as_nobody(self) -> dict[str, Any]:
        """Return how to start it as somebody who is not root; give him the folder."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        for root, folders, files in os.walk(self.folder):
            for name in (root, *(os.path.join(root, each) for each in (*folders, *files))):
                os.chown(name, nobody.pw_uid, nobody.pw_gid)
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _call(self, name: str, **arguments: str) -> None:
        """Call its administration; a service that still starts is asked again."""
        url = f"http://127.0.0.1:{self.http}/api/{name}"
        request = urllib.request.Request(url, json.dumps(arguments).encode(), {"Content-Type": "application/json"})
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(request, timeout=10).close()
                return
            except urllib.error.HTTPError as error:
                if error.code == 409:  # it is there already
                    return
                problem: Exception = error
            except OSError as error:
                problem = error
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name}: {problem}") from None
            time.sleep(0.1)
