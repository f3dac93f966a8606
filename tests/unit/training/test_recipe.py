import pytest

from training import recipe


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
