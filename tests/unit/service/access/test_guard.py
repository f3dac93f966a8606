"""Keys, scopes and limits, as HTTP and gRPC ask for them: by a function that gives headers, and an address."""

from pathlib import Path

import pytest

from service.access.guard import Guard, make_guard
from service.access.keys import format_entry, make_key
from service.access.quota import Quota
from service.access.scopes import Scope
from service.errors import Forbidden, InkpawError, TooManyRequests, Unauthorized
from service.settings import Settings

KEY, METRICS_KEY = make_key(), make_key()
ENTRIES = ",".join([format_entry("ci", [Scope.PREDICT], KEY), format_entry("prometheus", [Scope.METRICS], METRICS_KEY)])


def make(tmp_path: Path, **settings: str) -> Guard:
    guard = make_guard(Settings(runtime_dir=tmp_path, **settings))  # type: ignore[arg-type]
    assert guard is not None
    return guard


def check(guard: Guard, scope: Scope = Scope.PREDICT, peer: str = "192.0.2.1", **headers: str) -> str:
    return guard.check(scope, peer, lambda name: headers.get(name.lower().replace("-", "_")), [])


def test_service_without_keys_and_limits_has_no_guard(tmp_path: Path) -> None:
    assert make_guard(Settings(runtime_dir=tmp_path)) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"x_api_key": KEY},
        {"x_api_key": KEY, "authorization": "Basic abc"},
    ],
)
def test_key_with_the_scope_gets_in(tmp_path: Path, headers: dict[str, str]) -> None:
    assert check(make(tmp_path, keys=ENTRIES), **headers) == "ci"


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, Unauthorized),
        ({"authorization": KEY}, Unauthorized),
        ({"authorization": f"Basic {KEY}"}, Unauthorized),
        ({"authorization": "Bearer "}, Unauthorized),
        ({"x_api_key": KEY[:-1]}, Unauthorized),
        ({"x_api_key": KEY.upper()}, Unauthorized),
        ({"x_api_key": KEY, "authorization": "Bearer wrong"}, Unauthorized),
        ({"x_api_key": METRICS_KEY}, Forbidden),
    ],
)
def test_others_do_not(tmp_path: Path, headers: dict[str, str], error: type[InkpawError]) -> None:
    with pytest.raises(error) as refused:
        check(make(tmp_path, keys=ENTRIES), **headers)
    assert KEY not in str(refused.value) and (refused.value.challenge or "").startswith("Bearer realm=")


def test_probes_and_pages_need_no_key(tmp_path: Path) -> None:
    guard = make(tmp_path, keys=ENTRIES)
    assert check(guard, Scope.PROBE) == check(guard, Scope.OPEN) == ""


def test_limit_per_address_counts_each_address_alone(tmp_path: Path) -> None:
    guard = make(tmp_path, limit_per_address="3/hour")
    for _ in range(3):
        check(guard)
    with pytest.raises(TooManyRequests) as refused:
        check(guard)
    assert 3590 < (refused.value.retry_after or 0) <= 3600
    check(guard, peer="192.0.2.2")


def test_limit_per_key_counts_for_all_addresses(tmp_path: Path) -> None:
    guard = make(tmp_path, keys=ENTRIES, limit_per_key="2/hour")
    for peer in ("192.0.2.1", "192.0.2.2"):
        check(guard, peer=peer, x_api_key=KEY)
    with pytest.raises(TooManyRequests):
        check(guard, peer="192.0.2.3", x_api_key=KEY)
    check(guard, Scope.METRICS, x_api_key=METRICS_KEY)


def test_guesses_of_keys_count_for_their_address(tmp_path: Path) -> None:
    guard = make(tmp_path, keys=ENTRIES, limit_per_address="5/hour")
    for number in range(5):
        with pytest.raises(Unauthorized):
            check(guard, x_api_key=f"guess{number}")
    with pytest.raises(TooManyRequests):
        check(guard, x_api_key=KEY)


def test_probes_are_not_counted(tmp_path: Path) -> None:
    guard = make(tmp_path, limit_per_address="1/hour")
    for _ in range(10):
        check(guard, Scope.PROBE)
    check(guard)


def test_what_is_left_is_told_also_with_a_refusal(tmp_path: Path) -> None:
    guard = make(tmp_path, keys=ENTRIES, limit_per_address="10/minute", limit_per_key="1/second")
    quotas: list[Quota] = []
    guard.check(Scope.PREDICT, "192.0.2.1", {"X-API-Key": KEY}.get, quotas)
    assert quotas == [Quota("address", 10, 60, 9, 60), Quota("key", 1, 1, 0, 1)]
    quotas.clear()
    with pytest.raises(Unauthorized):
        guard.check(Scope.PREDICT, "192.0.2.1", {}.get, quotas)
    assert quotas[0][:4] == ("address", 10, 60, 8)
