import json

import pytest

from training.recipes import loading as recipe


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe_on_disk_is_valid(name: str) -> None:
    assert recipe.load(name).name == name


def test_an_override_changes_one_field() -> None:
    changed = recipe.load("digits8-cnn", ["optimiser.learning_rate=0.5", "net.activation=tanh", "epochs=2"])
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
    with pytest.raises(recipe.RecipeError, match=said):
        recipe.load("digits8-cnn", [override])


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(recipe.RecipeError, match="digits8-cnn"):
        recipe.load("nothing")


def test_a_stage_holds_from_its_epoch_on() -> None:
    staged = recipe.load("cats-dogs", ["stages=[{epoch=0, size=32}, {epoch=3, size=64}]"])
    assert [staged.size_at(epoch) for epoch in (0, 2, 3, 9)] == [32, 32, 64, 64]


def test_a_recipe_noted_before_it_had_a_field_is_still_the_same_recipe() -> None:
    now = recipe.load("mnist-mlp")
    noted = json.loads(recipe.dumps(now))
    del noted["patience"], noted["net"]["spread"]
    assert recipe.same(json.dumps(noted), now)
    assert not recipe.same(json.dumps(noted | {"epochs": 7}), now)
    assert not recipe.same(json.dumps(noted | {"unheard_of": 7}), now)


def test_a_quick_recipe_is_smaller_and_its_run_lies_apart() -> None:
    whole, quick = recipe.load("mnist-cnn"), recipe.load("mnist-cnn", quick=True)
    assert (
        quick.name == "quick/mnist-cnn" and quick.epochs * (quick.steps or 0) < whole.epochs * (whole.steps or 0) / 10
    )
    assert recipe.load("mnist-cnn", ["epochs=9"], quick=True).epochs == 9


def test_a_varied_recipe_differs_in_what_is_overridden_and_in_nothing_else() -> None:
    whole = recipe.load("mnist-mlp")
    changed = recipe.varied(whole, "studies/one", ["net.variance=4"])
    assert changed.net == whole.net.model_copy(update={"variance": 4.0})
    assert changed.optimiser == whole.optimiser and changed.name == "studies/one" and whole.net.variance is None
