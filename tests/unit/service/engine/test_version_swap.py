"""Which versions are loaded and unloaded in the next step."""

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


def list_answering(states: States) -> set[int]:
    return {number for number, state in states.items() if state == "AVAILABLE"}


@given(sets, states)
def test_nothing_is_unloaded_before_every_selected_version_answers(selected: frozenset[int], current: States) -> None:
    steps = plan_steps(selected, current)
    if steps.unload:
        assert selected <= list_answering(current)


@given(sets, states)
def test_unload_first_unloads_what_is_not_selected_at_once(selected: frozenset[int], current: States) -> None:
    steps = plan_steps(selected, current, unload_first=True)
    assert set(steps.unload) == list_answering(current) - selected
    assert set(steps.load) == selected - list_answering(current)


@given(sets, states)
def test_only_selected_versions_are_loaded_and_only_others_unloaded(selected: frozenset[int], current: States) -> None:
    steps = plan_steps(selected, current)
    assert set(steps.load) == selected - list_answering(current)
    assert set(steps.unload) <= list_answering(current) - selected


@given(sets, policies, sets, st.dictionaries(numbers, st.just("AVAILABLE")), sets)
def test_plan_keeps_one_version_answering_and_ends_with_the_selected_ones(
    available: frozenset[int],
    policy: Policy,
    broken: frozenset[int],
    current: dict[int, State],
    labelled: frozenset[int],
) -> None:
    failed: set[int] = set()
    # each step but the last either finds a broken version or loads all selected ones
    for _ in range(len(available) + 1):
        selected = select_versions(available, failed, policy, labelled)
        steps = plan_steps(selected, current)
        answered = bool(list_answering(current))
        for number in steps.load:
            if number in broken:
                failed.add(number)
            else:
                current[number] = "AVAILABLE"
        for number in steps.unload:
            current[number] = "END"
            assert list_answering(current) or not selected, (
                "the last answering version was unloaded although versions are selected"
            )
        if answered and selected:
            assert list_answering(current)
        if not steps.load:
            break
    assert list_answering(current) == select_versions(available, failed, policy, labelled)


@given(st.frozensets(numbers, min_size=1), st.integers(1, 4))
def test_newest_versions_are_selected(available: frozenset[int], count: int) -> None:
    assert select_versions(available, (), count) == set(sorted(available)[-count:])


@given(sets, sets)
def test_older_version_replaces_a_failed_one(available: frozenset[int], failed: frozenset[int]) -> None:
    usable = available - failed
    assert select_versions(available, failed, 1) == ({max(usable)} if usable else set())


@given(sets, policies, sets, sets)
def test_a_labelled_version_is_kept_whatever_the_policy_says(
    available: frozenset[int], policy: Policy, failed: frozenset[int], labelled: frozenset[int]
) -> None:
    assert select_versions(available, failed, policy, labelled) >= labelled & (available - failed)


@given(sets, policies, sets, sets)
def test_missing_and_failed_versions_are_never_selected(
    available: frozenset[int], policy: Policy, failed: frozenset[int], labelled: frozenset[int]
) -> None:
    assert select_versions(available, failed, policy, labelled) <= available - failed


def test_specific_versions_are_selected_by_number() -> None:
    assert select_versions({1, 2, 3, 4}, (), frozenset({1, 3, 9})) == {1, 3}
    assert select_versions({1, 2, 3, 4}, (), "all") == {1, 2, 3, 4}


def test_newest_version_is_loaded_first() -> None:
    assert plan_steps({1, 2, 3}, {}).load == (3, 2, 1)
