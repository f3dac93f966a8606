"""Which version answers a request."""

import pytest

from service.catalog import Catalog, Model, State, Version
from service.errors import ModelNotFound, Unavailable


def make_catalog(labels: dict[str, int] | None = None, **versions: State) -> Catalog:
    """A catalog with one model, `net`. `v2="END"` gives it a version 2 in the state END."""
    numbered = {int(name[1:]): Version(int(name[1:]), state) for name, state in versions.items()}
    return Catalog(1, {"net": Model("net", numbered, labels or {})})


def test_without_a_version_the_newest_that_answers_is_chosen() -> None:
    assert make_catalog(v1="AVAILABLE", v2="AVAILABLE", v10="AVAILABLE", v11="LOADING").resolve("net").number == 10


def test_number_chooses_the_version() -> None:
    assert make_catalog(v1="AVAILABLE", v2="AVAILABLE").resolve("net", 1).number == 1


def test_label_chooses_the_version() -> None:
    assert make_catalog({"old": 1}, v1="AVAILABLE", v2="AVAILABLE").resolve("net", label="old").number == 1


def test_stable_is_the_default_before_the_newest() -> None:
    assert make_catalog({"stable": 1}, v1="AVAILABLE", v2="AVAILABLE").resolve("net").number == 1


def test_newest_is_the_default_while_stable_does_not_answer() -> None:
    assert make_catalog({"stable": 1}, v1="LOADING", v2="AVAILABLE").resolve("net").number == 2


def test_canary_answers_only_its_share_of_requests() -> None:
    catalog = make_catalog({"canary": 2}, v1="AVAILABLE", v2="AVAILABLE")
    assert catalog.resolve("net").number == 1
    assert catalog.resolve("net", canary=True).number == 2
    assert catalog.resolve("net", 1, canary=True).number == 1


def test_share_of_the_canary_is_the_models_own_before_the_setting() -> None:
    model = Model("net", {}, {}, canary_percent=0)
    catalog = Catalog(1, {"net": model, "other": Model("other", {})})
    assert [catalog.get_canary_percent(name, 5) for name in ("net", "other", "unknown")] == [0, 5, 5]


def test_request_for_a_missing_canary_gets_the_default() -> None:
    assert make_catalog({"canary": 2}, v1="AVAILABLE", v2="END").resolve("net", canary=True).number == 1


def test_only_version_answers_even_if_it_is_the_canary() -> None:
    assert make_catalog({"canary": 1}, v1="AVAILABLE").resolve("net").number == 1


@pytest.mark.parametrize("missing", [("other", None, None), ("net", 9, None), ("net", None, "unknown")])
def test_unknown_model_or_version_is_not_found(missing: tuple[str, int | None, str | None]) -> None:
    with pytest.raises(ModelNotFound):
        make_catalog(v1="AVAILABLE").resolve(*missing)


@pytest.mark.parametrize("state", ["START", "LOADING", "UNLOADING", "END"])
def test_version_that_does_not_answer_is_unavailable(state: State) -> None:
    catalog = make_catalog({"stable": 1}, v1=state)
    for arguments in ((None, None), (1, None), (None, "stable")):
        with pytest.raises(Unavailable):
            catalog.resolve("net", *arguments)


def test_catalog_is_ready_if_every_model_answers() -> None:
    good, bad = make_catalog(v1="END", v2="AVAILABLE"), make_catalog(v1="END")
    assert good.ready
    assert not bad.ready
    assert not Catalog(1, {"net": good.models["net"], "other": bad.models["net"]}).ready
    assert not Catalog(1, {}).ready


def test_a_model_that_is_not_required_does_not_end_readiness() -> None:
    good, newcomer = (
        make_catalog(v1="AVAILABLE").models["net"],
        Model("new", {1: Version(1, "END", "why")}, required=False),
    )
    assert Catalog(1, {"net": good, "new": newcomer}).ready
    assert not Catalog(1, {"new": newcomer}).ready, "some model must answer"
    assert Catalog(1, {"net": good, "new": newcomer}).waiting == []
