import keras
import numpy as np
import pytest

from training.nets import classifier, features, gan, levels
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
def test_every_option_makes_a_net_of_every_kind_that_learns(kind: str, option: str) -> None:
    keras.utils.set_random_seed(1)
    plan = load_recipe("digits8-cnn", [f"net.kind={kind}", "net.widths=[8, 8]", f"net.{option}"])
    net = classifier(plan, channels=1, classes=3)
    net.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 96)
    pictures = rng.integers(0, 60, (96, 8, 8, 1)) + 60.0 * labels[:, None, None, None]
    losses = net.fit(pictures, np.eye(3)[labels], epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_squeezed_blocks_and_a_stem_of_several_halvings_learn_too() -> None:
    plan = load_recipe("cats-dogs", ["net.stem=[4, 4]", "net.widths=[8, 16]", "net.depths=[2, 1]"])
    net = classifier(plan, channels=3, classes=2)
    shapes = [layer.output.shape[-1] for layer in net.layers if isinstance(layer, keras.layers.Add)]
    assert shapes == [8, 8, 16] and any(isinstance(layer, keras.layers.Multiply) for layer in net.layers)
    net.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    labels = np.arange(64) % 2
    pictures = np.random.default_rng(0).integers(0, 60, (64, 32, 32, 3)) + 90.0 * labels[:, None, None, None]
    losses = net.fit(pictures, np.eye(2)[labels], epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_residual_net_takes_other_sizes_than_its_own() -> None:
    net = classifier(load_recipe("cats-dogs"), channels=3, classes=2)
    assert net(np.zeros((2, 64, 64, 3), "float32")).shape == net(np.zeros((2, 96, 96, 3), "float32")).shape == (2, 2)


def test_the_generator_draws_pictures_that_the_discriminator_takes() -> None:
    net = load_recipe("digits-gan").net
    pictures = gan.generator(net, 28, 1, 10)([np.zeros((3, net.latent), "float32"), np.array([0, 5, 9])])
    assert pictures.shape == (3, 28, 28, 1) and float(abs(pictures).numpy().max()) <= 1
    assert gan.discriminator(net, 28, 1, 10)([pictures.numpy(), np.array([0, 5, 9])]).shape == (3,)


@pytest.mark.parametrize("kind, widths", [("mlp", [16]), ("cnn", [8, 8 * 2 * 2]), ("residual", [8, 8, 8, 8, 8])])
def test_levels_are_the_means_of_every_convolution_and_what_the_last_layer_reads(kind: str, widths: list[int]) -> None:
    options = [f"net.kind={kind}", "net.widths=[8, 8]" if kind != "mlp" else "net.widths=[8, 16]", "net.dense=[]"]
    net = classifier(load_recipe("digits8-cnn", options), channels=1, classes=3)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype("float32")
    logits, *seen = (np.asarray(each) for each in levels(net)(pictures))
    np.testing.assert_allclose(logits, net(pictures), atol=1e-6)
    assert [each.shape for each in seen] == [(5, width) for width in widths]
    np.testing.assert_allclose(seen[-1], features(net)(pictures), atol=1e-6)
    if kind != "mlp":
        first = next(layer for layer in net.layers if isinstance(layer, keras.layers.Activation))
        maps = keras.Model(net.input, first.output)(pictures)
        np.testing.assert_allclose(seen[0], np.mean(maps, axis=(1, 2)), atol=1e-5)
