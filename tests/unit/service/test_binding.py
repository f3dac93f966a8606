"""The service listens where it is told to, and its announcement is a URL that works."""

import socket
from urllib.parse import urlsplit

import pytest

from service.binding import format_address, make_url, open_listener, reserve_port
from service.settings import SettingsError


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


def _connect(listener: socket.socket, host: str) -> None:
    socket.create_connection((host, listener.getsockname()[1]), 5).close()
    listener.accept()[0].close()


@pytest.mark.parametrize(
    ("host", "announced"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://0.0.0.0:"),
        ("localhost", "http://127.0.0.1:"),
        pytest.param("::1", "http://[::1]:", marks=needs_ipv6),
        pytest.param("[::1]", "http://[::1]:", marks=needs_ipv6),
        pytest.param("::", "http://[::]:", marks=needs_ipv6),
    ],
)
def test_announced_url_reaches_the_service(host: str, announced: str) -> None:
    with open_listener(host, 0) as listener:
        url = make_url(listener)
        assert url.startswith(announced)
        named = urlsplit(url)
        assert named.port == listener.getsockname()[1]
        _connect(listener, str(named.hostname))


@needs_ipv6
def test_two_colons_take_clients_of_both_protocols() -> None:
    with open_listener("::", 0) as listener:
        for client in ("127.0.0.1", "::1"):
            _connect(listener, client)


def test_port_in_use_is_refused_with_its_setting() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SettingsError, match=f"INKPAW_PORT={port} is taken"):
            open_listener("127.0.0.1", port)


def test_port_that_was_closed_just_now_is_free_again() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        _connect(listener, "127.0.0.1")
    open_listener("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["192.0.2.1", "a..b", "1.2.3.4.5.6.7.8..9", "x" * 300])
def test_host_that_cannot_be_bound_is_refused_with_its_setting(host: str) -> None:
    with pytest.raises(SettingsError, match="INKPAW_HOST="):
        open_listener(host, 0)


def test_port_of_grpc_that_is_taken_is_refused_by_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"^INKPAW_GRPC_PORT={port} is taken: another program listens"):
            reserve_port("127.0.0.1", port)


def test_port_of_grpc_that_another_service_shares_is_refused() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match="INKPAW_GRPC_PORT"):
            reserve_port("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1:{}"), pytest.param("::", "[::]:{}", marks=needs_ipv6)],
)
def test_reserved_port_is_left_to_the_process_that_shares_it(host: str, address: str) -> None:
    with reserve_port(host, 0) as reserved:
        port = reserved.getsockname()[1]
        assert format_address(reserved) == address.format(port)
        with socket.socket(reserved.family) as sharing:
            sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sharing.bind((host, port))
            sharing.listen()
            _connect(sharing, "::1" if ":" in host else host)
