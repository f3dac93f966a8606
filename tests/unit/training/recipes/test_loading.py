import json

import pytest

from training.errors import RecipeError
from training.recipes.loading import is_dump_of, load_recipe, recipe_names, to_json, with_overrides


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_on_disk_is_valid(name: str) -> None:
    assert load_recipe(name).name == name


def test_an_override_changes_one_field() -> None:
    changed = load_recipe("digits8-cnn", ["optimiser.learning_rate=0.5", "net.activation=tanh", "epochs=2"])
    assert (changed.optimiser.learning_rate, changed.net.activation, changed.epochs) == (0.5, "tanh", 2)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("net.activation=sinus", "net.activation"),
        ("epochs=0", "epochs"),
        ("nonsense=1", "nonsense"),
        ("epochs", "part.field=value"),
        ("soup=0.5", "soup.*`begin` names no recipe"),
    ],
)
def test_a_bad_override_is_refused_by_name(override: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe("digits8-cnn", [override])


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(RecipeError, match="digits8-cnn"):
        load_recipe("nothing")


def test_a_stage_holds_from_its_epoch_on() -> None:
    staged = load_recipe("cats-dogs", ["stages=[{epoch=0, size=32}, {epoch=3, size=64}]"])
    assert [staged.size_at(epoch) for epoch in (0, 2, 3, 9)] == [32, 32, 64, 64]


def test_a_recipe_noted_before_it_had_a_field_is_still_the_same_recipe() -> None:
    now = load_recipe("mnist-mlp")
    noted = json.loads(to_json(now))
    del noted["patience"], noted["net"]["spread"]
    assert is_dump_of(json.dumps(noted), now)
    assert not is_dump_of(json.dumps(noted | {"epochs": 7}), now)
    assert not is_dump_of(json.dumps(noted | {"unheard_of": 7}), now)


def test_a_quick_recipe_is_smaller_and_its_run_lies_apart() -> None:
    whole, quick = load_recipe("mnist-cnn"), load_recipe("mnist-cnn", quick=True)
    assert (
        quick.name == "quick/mnist-cnn" and quick.epochs * (quick.steps or 0) < whole.epochs * (whole.steps or 0) / 10
    )
    assert load_recipe("mnist-cnn", ["epochs=9"], quick=True).epochs == 9


def test_a_varied_recipe_differs_in_what_is_overridden_and_in_nothing_else() -> None:
    whole = load_recipe("mnist-mlp")
    changed = with_overrides(whole, "studies/one", ["net.variance=4"])
    assert changed.net == whole.net.model_copy(update={"variance": 4.0})
    assert changed.optimiser == whole.optimiser and changed.name == "studies/one" and whole.net.variance is None
