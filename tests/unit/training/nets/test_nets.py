import keras
import numpy as np
import pytest

from training.nets import gan
from training.nets.classifier import build_classifier, feature_extractor
from training.recipes.loading import load_recipe

OPTIONS = [
    "initialiser=glorot_uniform",
    "l1=0.01",
    "l2=0.01",
    "dropout=0.5",
    "batch_norm=after",
    "activation=leaky_relu",
]


@pytest.mark.parametrize("kind", ["mlp", "cnn", "residual"])
@pytest.mark.parametrize("option", ["batch_norm=before", *OPTIONS])
def test_nets_of_every_kind_learn_with_every_option(kind: str, option: str) -> None:
    keras.utils.set_random_seed(1)
    recipe = load_recipe("digits8-cnn", [f"net.kind={kind}", "net.widths=[8, 8]", f"net.{option}"])
    net = build_classifier(recipe, channels=1, classes=3)
    net.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 96)
    images = rng.integers(0, 60, (96, 8, 8, 1)) + 60.0 * labels[:, None, None, None]
    losses = net.fit(images, np.eye(3)[labels], epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_squeeze_and_excitation_and_a_deep_stem_learn() -> None:
    recipe = load_recipe("cats-dogs", ["net.stem=[4, 4]", "net.widths=[8, 16]", "net.depths=[2, 1]"])
    net = build_classifier(recipe, channels=3, classes=2)
    shapes = [layer.output.shape[-1] for layer in net.layers if isinstance(layer, keras.layers.Add)]
    assert shapes == [8, 8, 16] and any(isinstance(layer, keras.layers.Multiply) for layer in net.layers)
    net.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    labels = np.arange(64) % 2
    images = np.random.default_rng(0).integers(0, 60, (64, 32, 32, 3)) + 90.0 * labels[:, None, None, None]
    losses = net.fit(images, np.eye(2)[labels], epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_residual_net_accepts_other_image_sizes() -> None:
    net = build_classifier(load_recipe("cats-dogs"), channels=3, classes=2)
    assert net(np.zeros((2, 64, 64, 3), "float32")).shape == net(np.zeros((2, 96, 96, 3), "float32")).shape == (2, 2)


def test_the_discriminator_accepts_what_the_generator_draws() -> None:
    net = load_recipe("digits-gan").gan
    images = gan.build_generator(net, 28, 1, 10)([np.zeros((3, net.latent), "float32"), np.array([0, 5, 9])])
    assert images.shape == (3, 28, 28, 1) and float(abs(images).numpy().max()) <= 1
    assert gan.build_discriminator(net, 28, 1, 10)([images.numpy(), np.array([0, 5, 9])]).shape == (3,)


@pytest.mark.parametrize("kind, widths", [("mlp", [16]), ("cnn", [8, 8 * 2 * 2]), ("residual", [8, 8, 8, 8, 8])])
def test_features_are_the_means_of_every_convolution_and_the_input_of_the_last_layer(
    kind: str, widths: list[int]
) -> None:
    options = [f"net.kind={kind}", "net.widths=[8, 8]" if kind != "mlp" else "net.widths=[8, 16]"]
    options += ["net.dense=[]"] if kind == "cnn" else []
    net = build_classifier(load_recipe("digits8-cnn", options), channels=1, classes=3)
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype("float32")
    logits, *features = (np.asarray(output) for output in feature_extractor(net)(images))
    np.testing.assert_allclose(logits, net(images), atol=1e-6)
    assert [level.shape for level in features] == [(5, width) for width in widths]
    last = keras.Model(net.input, net.get_layer("classes").input)
    np.testing.assert_allclose(features[-1], last(images), atol=1e-6)
    if kind != "mlp":
        first = next(layer for layer in net.layers if isinstance(layer, keras.layers.Activation))
        maps = keras.Model(net.input, first.output)(images)
        np.testing.assert_allclose(features[0], np.mean(maps, axis=(1, 2)), atol=1e-5)
