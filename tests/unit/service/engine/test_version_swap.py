"""Which versions are loaded and unloaded next."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from service.catalog import State
from service.engine.version_policy import Policy
from service.engine.versions import plan, wanted

States = Mapping[int, State]

numbers = st.integers(1, 6)
sets = st.frozensets(numbers)
policies: st.SearchStrategy[Policy] = st.just("all") | st.integers(1, 4) | sets
states = st.dictionaries(numbers, st.sampled_from(["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]))


def answering(of: States) -> set[int]:
    return {number for number, state in of.items() if state == "AVAILABLE"}


@given(sets, states)
def test_nothing_is_unloaded_before_everything_wanted_answers(want: frozenset[int], now: States) -> None:
    steps = plan(want, now)
    if steps.unload:
        assert want <= answering(now)


@given(sets, states)
def test_only_the_wanted_are_loaded_and_only_the_others_unloaded(want: frozenset[int], now: States) -> None:
    steps = plan(want, now)
    assert set(steps.load) == want - answering(now)
    assert set(steps.unload) <= answering(now) - want


@given(sets, policies, sets, st.dictionaries(numbers, st.just("AVAILABLE")), sets)
def test_following_the_plan_one_version_always_answers_and_it_ends_with_what_is_wanted(
    found: frozenset[int], policy: Policy, broken: frozenset[int], now: dict[int, State], labelled: frozenset[int]
) -> None:
    failed: set[int] = set()
    for _ in range(len(found) + 1):  # each turn but the last finds a broken one, or loads all that is wanted
        want = wanted(found, failed, policy, labelled)
        steps = plan(want, now)
        answered = bool(answering(now))
        for number in steps.load:
            if number in broken:
                failed.add(number)
            else:
                now[number] = "AVAILABLE"
        for number in steps.unload:
            now[number] = "END"
            assert answering(now) or not want, "the last one that answered was unloaded while others were wanted"
        if answered and want:
            assert answering(now)
        if not steps.load:
            break
    assert answering(now) == wanted(found, failed, policy, labelled)


@given(st.frozensets(numbers, min_size=1), st.integers(1, 4))
def test_the_newest_are_wanted(found: frozenset[int], count: int) -> None:
    assert wanted(found, (), count) == set(sorted(found)[-count:])


@given(sets, sets)
def test_a_version_that_failed_gives_way_to_an_older_one(found: frozenset[int], failed: frozenset[int]) -> None:
    usable = found - failed
    assert wanted(found, failed, 1) == ({max(usable)} if usable else set())


@given(sets, policies, sets, sets)
def test_a_labelled_version_is_kept_whatever_the_policy_says(
    found: frozenset[int], policy: Policy, failed: frozenset[int], labelled: frozenset[int]
) -> None:
    assert wanted(found, failed, policy, labelled) >= labelled & (found - failed)


@given(sets, policies, sets, sets)
def test_nothing_is_wanted_that_is_not_there_or_failed(
    found: frozenset[int], policy: Policy, failed: frozenset[int], labelled: frozenset[int]
) -> None:
    assert wanted(found, failed, policy, labelled) <= found - failed


def test_specific_versions_are_wanted_by_number() -> None:
    assert wanted({1, 2, 3, 4}, (), frozenset({1, 3, 9})) == {1, 3}
    assert wanted({1, 2, 3, 4}, (), "all") == {1, 2, 3, 4}


def test_the_newest_is_loaded_first() -> None:
    assert plan({1, 2, 3}, {}).load == (3, 2, 1)
