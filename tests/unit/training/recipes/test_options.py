"""Options that --set can change in every recipe, and their effect on the net or its training."""

from pathlib import Path

import keras
import numpy as np
import pytest

from training.errors import RecipeError
from training.fit.compile import build_loss
from training.fit.optimisers import build_optimiser
from training.nets.classifier import build_classifier
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe

CLASSIFIERS = ["mnist-logistic", "mnist-mlp", "mnist-dense", "mnist-cnn", "digits8-cnn", "cats-dogs-small"]


def _net(recipe: Recipe) -> keras.Model:
    keras.utils.set_random_seed(1)
    size = (3, 2) if recipe.data.name == "cats-dogs" else (1, 10)
    return build_classifier(recipe, *size)


def _kinds(net: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in net.layers]


def _first_weights(*options: str) -> np.ndarray:
    """The kernel of a layer from 784 values to 512 units."""
    net = _net(load_recipe("mnist-mlp", ["net.widths=[512]", *(f"net.{option}" for option in options)]))
    return next(weight.numpy() for weight in net.weights if weight.shape == (784, 512))


@pytest.mark.parametrize(
    ("options", "variance"),
    [
        (["initialiser=he_normal"], 2 / 784),
        (["initialiser=he_normal", "variance=20"], 20 / 784),
        (["initialiser=he_uniform", "variance=4"], 4 / 784),
        (["initialiser=glorot_normal"], 2 / (784 + 512)),
        (["initialiser=glorot_uniform", "variance=3"], 6 / (784 + 512)),
        (["initialiser=uniform", "spread=0.3"], 0.3**2 / 3),
        (["initialiser=zeros"], 0.0),
    ],
)
def test_initial_weights_have_the_variance_of_the_recipe(options: list[str], variance: float) -> None:
    assert _first_weights(*options).var() == pytest.approx(variance, rel=0.02)


def test_truncated_normal_weights_stay_within_two_standard_deviations() -> None:
    weights = _first_weights("initialiser=truncated_normal", "spread=0.1")
    assert abs(weights).max() <= 0.2 and weights.std() == pytest.approx(0.088, rel=0.02)


def test_uniform_weights_are_bounded_and_normal_ones_are_not() -> None:
    edge = (6 / 784) ** 0.5
    assert (
        abs(_first_weights("initialiser=he_uniform")).max() <= edge < abs(_first_weights("initialiser=he_normal")).max()
    )


def test_rectified_logits_are_never_negative() -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28, 1)).astype(np.float32)
    plain, rectified = (_net(load_recipe("mnist-mlp", [f"net.rectified={flag}"])) for flag in ("false", "true"))
    assert plain.predict_on_batch(images).min() < 0
    np.testing.assert_allclose(
        rectified.predict_on_batch(images), np.maximum(plain.predict_on_batch(images), 0), atol=1e-5
    )


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize(
    ("options", "expected"),
    [(["l1=0.01"], (0.01, 0)), (["l2=0.02"], (0, 0.02)), (["l1=0.01", "l2=0.02"], (0.01, 0.02))],
)
def test_l1_and_l2_penalties_are_part_of_the_loss_of_every_recipe(
    name: str, options: list[str], expected: tuple[float, float]
) -> None:
    net = _net(load_recipe(name, ["net.initialiser=he_normal", *(f"net.{option}" for option in options)]))
    kernels = [weight.numpy() for weight in net.weights if weight.path.endswith("kernel")]
    l1, l2 = expected
    expected_penalty = sum(l1 * abs(kernel).sum() + l2 * (kernel**2).sum() for kernel in kernels)
    assert float(sum(net.losses)) == pytest.approx(expected_penalty, rel=1e-3)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_dropout_is_active_in_training_only(name: str) -> None:
    options = ["net.initialiser=he_normal", "net.dropout=0.5"]
    options += ["net.conv_dropout=0"] if load_recipe(name).net.kind == "cnn" else []
    net = _net(load_recipe(name, options))
    images = np.random.default_rng(0).uniform(0, 255, (4, *net.input_shape[1:])).astype("float32")
    first, second = (np.asarray(net(images, training=True)) for _ in range(2))
    assert not np.allclose(first, second)
    assert np.allclose(net(images, training=False), net(images, training=False))


def test_conv_dropout_is_separate_from_dropout() -> None:
    assert _kinds(_net(load_recipe("cats-dogs-small"))).count("Dropout") == 3
    assert "Dropout" not in _kinds(_net(load_recipe("cats-dogs-small", ["net.conv_dropout=0"])))


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if name != "mnist-logistic"])
@pytest.mark.parametrize(
    ("place", "order"),
    [("before", ["BatchNormalization", "LeakyReLU"]), ("after", ["LeakyReLU", "BatchNormalization"])],
)
def test_batch_norm_comes_before_or_after_the_activation_as_requested(name: str, place: str, order: list[str]) -> None:
    kinds = _kinds(_net(load_recipe(name, [f"net.batch_norm={place}", "net.activation=leaky_relu"])))
    relevant = [kind for kind in kinds if kind in order]
    assert relevant and relevant == order * (len(relevant) // 2)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_loss_is_mean_squared_error_or_cross_entropy(name: str) -> None:
    logits, labels = np.array([[2.0, -1.0, 0.5]], "float32"), np.array([[0.0, 1.0, 0.0]], "float32")
    probabilities = np.exp(logits) / np.exp(logits).sum()
    squared_error = build_loss(load_recipe(name, ["loss=mean_squared_error"]))(labels, logits)
    cross_entropy = build_loss(load_recipe(name, ["loss=cross_entropy"]))(labels, logits)
    assert float(squared_error) == pytest.approx(((probabilities - labels) ** 2).mean(), rel=1e-5)
    assert float(cross_entropy) == pytest.approx(-np.log(probabilities[0, 1]), rel=1e-5)


def test_label_smoothing_changes_both_losses() -> None:
    logits, labels = np.array([[9.0, -9.0]], "float32"), np.array([[1.0, 0.0]], "float32")
    for name in ("mean_squared_error", "cross_entropy"):
        plain, smooth = (
            build_loss(load_recipe("mnist-mlp", [f"loss={name}", f"label_smoothing={s}"])) for s in (0, 0.2)
        )
        assert float(smooth(labels, logits)) > float(plain(labels, logits)) + 0.005


@pytest.mark.parametrize(
    ("options", "kind", "settings"),
    [
        (["name=sgd", "momentum=0.9", "nesterov=true"], "SGD", {"momentum": 0.9, "nesterov": True}),
        (["name=sgd"], "SGD", {"momentum": 0.0, "nesterov": False}),
        (["name=adagrad"], "Adagrad", {}),
        (["name=rmsprop", "momentum=0.5"], "RMSprop", {"momentum": 0.5}),
        (["name=adam"], "Adam", {"beta_1": 0.9}),
        (["name=adamw", "weight_decay=0.1"], "AdamW", {"weight_decay": 0.1}),
        (["name=muon", "weight_decay=0.1"], "Muon", {"weight_decay": 0.1, "adam_weight_decay": 0.1}),
    ],
)
def test_every_optimiser_has_the_requested_settings(options: list[str], kind: str, settings: dict[str, object]) -> None:
    optimiser = build_optimiser(
        load_recipe("mnist-mlp", [f"optimiser.{option}" for option in options]).optimiser, 10, 2
    )
    assert type(optimiser).__name__ == kind
    assert {key: getattr(optimiser, key) for key in settings} == settings


def test_an_unknown_initialiser_is_refused_with_its_field(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"net\.initialiser"):
        load_recipe("mnist-mlp", ["net.initialiser=hopeful"])
