"""Tests of the server as a process: its start, its end, and what it refuses."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from shelfwise.errors import ConfigError
from shelfwise.web.config import WebConfig
from shelfwise.web.serving import Place, is_loopback, serve

SOURCE = Path(__file__).parents[2] / "src"


class Server:
    """A server in a process of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shelfwise", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**kept, "PYTHONPATH": str(SOURCE), **environment},
        )

    def line(self) -> str:
        """The next line of its output."""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return line

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; its exit code and what it said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture
def started(furnished, tmp_path):
    servers = []

    def start(*arguments, **environment):
        servers.append(Server(*arguments, **environment))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


def test_the_first_start_prints_a_link_that_makes_the_first_admin(started, tmp_path, toy):
    bundle = toy.write_toy_bundle(tmp_path / "toy").path
    server = started("--home", str(tmp_path / "home"), "--model", str(bundle), "--port", "0")
    address = re.search(r"http://127\.0\.0\.1:\d+", server.line()).group(0)
    link = re.search(r"http://\S+/first/\S+", server.line()).group(0)
    assert link.startswith(address)
    with urllib.request.urlopen(link) as page:
        assert page.status == 200
        assert "password" in page.read().decode()
    with urllib.request.urlopen(f"{address}/healthz") as answer:
        assert answer.status == 200
        assert answer.headers.get("server") is None
    secret = link.rsplit("/", 1)[1]
    code, said = server.end()
    assert code == 0, said
    assert secret not in said
    assert "Traceback" not in said
    assert oct((tmp_path / "home").stat().st_mode)[-3:] == "700"


def test_ctrl_c_ends_it_without_an_error(started, furnished, tmp_path):
    shutil.copytree(furnished, tmp_path / "home")
    server = started("--port", "0", SHELFWISE_HOME=str(tmp_path / "home"))
    assert "Shelfwise is at" in server.line()
    server.process.send_signal(signal.SIGINT)
    rest, said = server.process.communicate(timeout=60)
    assert server.process.returncode == 0, said
    # There is an admin already: no link.
    assert rest == ""
    assert "Traceback" not in said


def test_what_has_begun_is_finished(started, furnished, tmp_path):
    shutil.copytree(furnished, tmp_path / "home")
    server = started("--port", "0", "--home", str(tmp_path / "home"))
    address = re.search(r"http://\S+", server.line()).group(0)
    host, port = address.removeprefix("http://").split(":")
    body = b'{"name": "clerk", "password": "correct horse battery"}'
    with socket.create_connection((host, int(port))) as client:
        client.sendall(
            b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body[:10]
        )
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        client.sendall(body[10:])
        client.settimeout(30)
        assert client.recv(4096).startswith(b"HTTP/1.1 201")
    _, said = server.process.communicate(timeout=60)
    assert server.process.returncode == 0, said


def test_a_port_that_is_taken_is_told(shop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is taken"):
            serve(shop, WebConfig(), Place(port=port), started=lambda *_: None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "shop.example"])
def test_others_may_reach_it_only_where_that_is_meant(shop, host):
    with pytest.raises(ConfigError, match="--allow-network"):
        serve(shop, WebConfig(), Place(host, 0), started=lambda *_: None)


def test_an_address_of_another_machine_is_told(shop):
    with pytest.raises(ConfigError, match="no address of this machine"):
        serve(shop, WebConfig(), Place("203.0.113.7", 0, allow_network=True), started=lambda *_: None)


def test_a_name_that_leads_nowhere_is_told(shop):
    with pytest.raises(ConfigError, match="no name or address"):
        serve(shop, WebConfig(), Place("nowhere.invalid", 0, allow_network=True), started=lambda *_: None)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("shop", False),
    ],
)
def test_what_is_this_machine_alone(host, expected):
    assert is_loopback(host) is expected


def test_on_the_network_it_goes_by_any_address_but_no_other_name(started, furnished, tmp_path):
    shutil.copytree(furnished, tmp_path / "home")
    server = started("--port", "0", "--home", str(tmp_path / "home"), "--host", "0.0.0.0", "--allow-network")
    port = re.search(r"http://[^:\s]+:(\d+)", server.line()).group(1)
    for host, status in (("10.1.2.3", 200), (socket.gethostname(), 200), ("evil.example", 421)):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": host})
        try:
            with urllib.request.urlopen(request) as answer:
                assert answer.status == status
        except urllib.error.HTTPError as error:
            with error:
                assert error.code == status
    _, said = server.end()
    assert "nothing is encrypted" in said


def test_only_the_proxy_that_is_named_is_believed(shop):
    from shelfwise.web.serving import _settings

    assert _settings(None, Place()).proxy_headers is False
    assert _settings(None, Place(proxies=("10.0.0.1",))).forwarded_allow_ips == ["10.0.0.1"]


def test_two_who_ask_at_once_are_answered_at_once(started, furnished, tmp_path):
    shutil.copytree(furnished, tmp_path / "home")
    server = started("--port", "0", "--home", str(tmp_path / "home"), "--no-access-log")
    address = re.search(r"http://\S+", server.line()).group(0)
    statuses = []

    def ask():
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            statuses.append(answer.status)

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            ask()
            break
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.2)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 9
    code, said = server.end()
    assert code == 0
    assert "GET" not in said
