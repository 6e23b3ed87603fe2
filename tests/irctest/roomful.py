"""Starts Roomful for the conformance suite progval/irctest. Knows how the server is started and set, and no test.

scripts/irctest.sh runs it. The program is named by the variable ROOMFUL_SERVER.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

PROGRAM = os.environ.get("ROOMFUL_SERVER", "chat-server")
NAME = "My.Little.Server"  # the suite looks for it
OPERATOR = ("operuser", "operpassword")

# What the suite does faster, shorter or more often than people may.
SETTINGS = f"""\
name = "{NAME}"
network = "ExampleNET"
console = false
qr = false
[limits]
rate = "off"
replay = "off"
password-min = 1
arrivals = "off"
knocks = "off"
connections-per-address = "off"
sessions-per-address = "off"
registrations = "off"
stop = 10
"""


def talk(port: int, *commands: dict) -> None:
    """Says commands to the server in JSON, each when the one before was answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        lines = sock.makefile("rwb")
        for number, command in enumerate(commands):
            tag = str(number)
            lines.write(json.dumps({"tag": tag, **command}).encode() + b"\n")
            lines.flush()
            for line in lines:
                answer = json.loads(line)
                if answer.get("type") == "error":
                    raise RuntimeError(f"{command} was answered {answer}")
                if answer.get("type") == "ok" and answer.get("tag") == tag:
                    break
            else:
                raise RuntimeError(f"{command} was not answered")


def register(port: int, nick: str, password: str) -> None:
    """Makes an account. The words are JSON, because a long password does not fit into a line of IRC."""
    hello = {"type": "hello", "version": 1, "nick": nick, "rooms": []}
    talk(port, hello, {"type": "register", "password": password}, {"type": "quit"})


class Template:
    """A folder with a database in which the operator has an account, made once: each password costs time."""

    folder: Path | None = None

    @classmethod
    def copy_to(cls, folder: Path) -> None:
        if cls.folder is None:
            cls.folder = Path(tempfile.mkdtemp(prefix="roomful-irctest-"))
            atexit.register(shutil.rmtree, cls.folder, ignore_errors=True)
            cls.make(cls.folder)
        shutil.copy(cls.folder / "roomful.db", folder / "roomful.db")

    @staticmethod
    def make(folder: Path) -> None:
        (folder / "roomful.toml").write_text(SETTINGS)
        command = [PROGRAM, "--config", folder / "roomful.toml", "--data", folder / "roomful.db"]
        server = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        try:
            listening = next(line for line in server.stdout if line.startswith("listening on "))
            register(int(listening.rsplit(":", 1)[1]), *OPERATOR)
            ctl = [PROGRAM, "--config", folder / "roomful.toml", "--data", folder / "roomful.db", "ctl"]
            subprocess.run([*ctl, "op", OPERATOR[0]], check=True, stdout=subprocess.DEVNULL)
        finally:
            server.terminate()
            server.communicate()


class RoomfulController(BaseServerController, DirectoryBasedController):
    """One server for one test."""

    software_name = "Roomful"
    supported_sasl_mechanisms = {"PLAIN"}
    supports_sts = False
    extban_mute_char = "m"
    _port_wait_interval = 0.01
    capabilities = frozenset(
        {
            Capabilities.ACCOUNT_NOTIFY,
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_REDACTION,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        }
    )
    optional_behaviors = frozenset(
        {
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
        }
    )
    isupport = {
        "CASEMAPPING": "ascii",
        "ELIST": "CMNTU",
        "MSGREFTYPES": "msgid,timestamp",
        "PREFIX": "(qov)~@+",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    def run(self, hostname, port, *, password, ssl, run_services, faketime, websocket_hostname, websocket_port):
        if password is not None:
            raise NotImplementedByController("a password of the server")
        if websocket_hostname is not None:
            raise NotImplementedByController("IRC over WebSocket")
        if self.test_config.account_registration_before_connect:
            raise NotImplementedByController("accounts before a name")
        if self.test_config.account_registration_requires_email:
            raise NotImplementedByController("addresses of mail")
        self.hostname, self.port = hostname, port
        self.json_port = self.get_hostname_and_port()[1]
        self.create_config()
        Template.copy_to(self.directory)
        with self.open_file("roomful.toml") as settings:
            settings.write(SETTINGS)
        command = [PROGRAM, "--config", self.directory / "roomful.toml", "--data", self.directory / "roomful.db"]
        command += ["--listen", f"127.0.0.1:{self.json_port}", "--irc", f"127.0.0.1:{port}"]
        if ssl:
            command += ["--tls", "require"]
        if faketime and shutil.which("faketime"):
            command = ["faketime", "-f", faketime, *command]
            self.faketime_enabled = True
        self.proc = self.execute(command, stdin=subprocess.DEVNULL)

    def wait_for_services(self):
        """Accounts are the server's own."""

    def registerUser(self, case, username, password=None):
        self.wait_for_port()
        register(self.json_port, username, password or "a password")


def get_irctest_controller_class():
    return RoomfulController
