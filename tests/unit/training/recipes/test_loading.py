import pytest

from training.errors import RecipeError
from training.recipes.loading import load_recipe, recipe_names, with_overrides
from training.recipes.net_schema import CnnNet


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_on_disk_is_valid(name: str) -> None:
    assert load_recipe(name).name == name


def test_an_override_changes_one_field() -> None:
    changed = load_recipe("digits8-cnn", ["optimiser.learning_rate=0.5", "net.activation=tanh", "epochs=2"])
    assert (changed.optimiser.learning_rate, changed.net.activation, changed.epochs) == (0.5, "tanh", 2)


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("net.activation=sinus", "net.activation"),
        ("epochs=0", "epochs"),
        ("nonsense=1", "nonsense: there is no such field"),
        ("epochs", "part.field=value"),
        ("epochs.first=1", "'epochs' is one value"),
        ("data.name=[1]", r"data\.name: "),
        ("init_weight=0.5", "init_weight.*`init_from` names no recipe"),
        ("net.kernel=three", r"net\.kernel: .*integer"),
        ("net.kind=transformer", r"net\.kind: 'transformer' is none of mlp, cnn, residual, gan\."),
        ("data.name=imagenet", r"data\.name: 'imagenet' is none of mnist, digits8, cats-dogs, folder\."),
    ],
)
def test_an_invalid_override_is_refused_with_its_field(override: str, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        load_recipe("digits8-cnn", [override])


def test_an_unknown_recipe_is_refused_with_the_list_of_recipes() -> None:
    with pytest.raises(RecipeError, match="digits8-cnn"):
        load_recipe("nothing")


def test_a_stage_starts_at_its_epoch() -> None:
    staged = load_recipe("cats-dogs", ["stages=[{epoch=0, size=32}, {epoch=3, size=64}]"])
    assert [staged.size_at(epoch) for epoch in (0, 2, 3, 9)] == [32, 32, 64, 64]


def test_a_quick_recipe_is_smaller_and_has_a_run_of_its_own() -> None:
    full, quick = load_recipe("mnist-cnn"), load_recipe("mnist-cnn", quick=True)
    assert quick.name == "quick/mnist-cnn" and quick.epochs * (quick.steps or 0) < full.epochs * (full.steps or 0) / 10
    assert load_recipe("mnist-cnn", ["epochs=9"], quick=True).epochs == 9


def test_with_overrides_changes_only_the_overridden_fields() -> None:
    base = load_recipe("mnist-mlp")
    changed = with_overrides(base, "studies/one", ["net.variance=4"])
    assert changed.net == base.net.model_copy(update={"variance": 4.0})
    assert changed.optimiser == base.optimiser and changed.name == "studies/one" and base.net.variance is None


@pytest.mark.parametrize("field", ["squeeze=true", "latent=32", "stem=[8]", "conv_dropout=0.1"])
def test_a_field_of_another_kind_of_net_is_refused(field: str) -> None:
    name = field.split("=")[0]
    with pytest.raises(
        RecipeError, match=rf"'mnist-mlp', net\.{name}: 'mlp' has no such field; its fields are .*widths"
    ):
        load_recipe("mnist-mlp", [f"net.{field}"])


def test_a_field_of_another_data_set_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"data\.path: 'mnist' has no such field; its fields are .*size"):
        load_recipe("mnist-mlp", ["data.path=pictures.zip"])


def test_a_refusal_is_one_short_line() -> None:
    for override in ("net.squeeze=true", "net.kind=none", "net={widths = [8]}", "data.name=1", "net.activation=sinus"):
        with pytest.raises(RecipeError) as refused:
            load_recipe("mnist-mlp", [override])
        assert len(str(refused.value)) < 250 and "\n" not in str(refused.value)


def test_another_kind_of_net_keeps_the_fields_that_both_kinds_have() -> None:
    recipe = load_recipe("cats-dogs", ["net.kernel=5", "net.kind=cnn"])
    assert recipe.net == CnnNet(widths=[48, 96, 192, 384], kernel=5, batch_norm="before", dropout=0.2)


def test_overrides_of_the_new_kind_may_come_before_it() -> None:
    recipe = load_recipe("mnist-mlp", ["net.dense=[32]", "net.kind=cnn"])
    assert recipe.net.kind == "cnn" and recipe.net.dense == [32]


def test_a_gan_needs_a_discriminator() -> None:
    with pytest.raises(RecipeError, match=r"net\.discriminator_widths"):
        load_recipe("digits-gan", ["net={kind = 'gan', widths = [8, 4]}"])
