"""Which versions are loaded and unloaded next."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from service.catalog import State
from service.engine.version_policy import Policy, plan_steps, select_versions

States = Mapping[int, State]

numbers = st.integers(1, 6)
sets = st.frozensets(numbers)
policies: st.SearchStrategy[Policy] = st.just("all") | st.integers(1, 4) | sets
states = st.dictionaries(numbers, st.sampled_from(["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]))


def answering(of: States) -> set[int]:
    return {number for number, state in of.items() if state == "AVAILABLE"}


@given(sets, states)
def test_nothing_is_unloaded_before_every_selected_version_answers(want: frozenset[int], now: States) -> None:
    steps = plan_steps(want, now)
    if steps.unload:
        assert want <= answering(now)


@given(sets, states)
def test_only_selected_versions_are_loaded_and_only_others_unloaded(want: frozenset[int], now: States) -> None:
    steps = plan_steps(want, now)
    assert set(steps.load) == want - answering(now)
    assert set(steps.unload) <= answering(now) - want


@given(sets, policies, sets, st.dictionaries(numbers, st.just("AVAILABLE")), sets)
def test_plan_keeps_one_version_answering_and_ends_with_the_selected_ones(
    found: frozenset[int], policy: Policy, broken: frozenset[int], now: dict[int, State], labelled: frozenset[int]
) -> None:
    failed: set[int] = set()
    for _ in range(len(found) + 1):  # each turn but the last finds a broken one, or loads all that is wanted
        want = select_versions(found, failed, policy, labelled)
        steps = plan_steps(want, now)
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
    assert answering(now) == select_versions(found, failed, policy, labelled)


@given(st.frozensets(numbers, min_size=1), st.integers(1, 4))
def test_newest_versions_are_selected(found: frozenset[int], count: int) -> None:
    assert select_versions(found, (), count) == set(sorted(found)[-count:])


@given(sets, sets)
def test_older_version_takes_the_place_of_a_failed_one(found: frozenset[int], failed: frozenset[int]) -> None:
    usable = found - failed
    assert select_versions(found, failed, 1) == ({max(usable)} if usable else set())


@given(sets, policies, sets, sets)
def test_a_labelled_version_is_kept_whatever_the_policy_says(
    found: frozenset[int], policy: Policy, failed: frozenset[int], labelled: frozenset[int]
) -> None:
    assert select_versions(found, failed, policy, labelled) >= labelled & (found - failed)


@given(sets, policies, sets, sets)
def test_missing_and_failed_versions_are_never_selected(
    found: frozenset[int], policy: Policy, failed: frozenset[int], labelled: frozenset[int]
) -> None:
    assert select_versions(found, failed, policy, labelled) <= found - failed


def test_specific_versions_are_selected_by_number() -> None:
    assert select_versions({1, 2, 3, 4}, (), frozenset({1, 3, 9})) == {1, 3}
    assert select_versions({1, 2, 3, 4}, (), "all") == {1, 2, 3, 4}


def test_the_newest_is_loaded_first() -> None:
    assert plan_steps({1, 2, 3}, {}).load == (3, 2, 1)
