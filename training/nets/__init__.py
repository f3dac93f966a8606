"""The nets that can be trained. A classifier takes float32 [N,H,W,C] in [0, 255] and gives logits float32 [N,K]."""

import keras

from training.nets import cnn, mlp, residual
from training.nets.sam import Sharpness
from training.recipes.schema import Recipe

_CLASSIFIERS = {"mlp": mlp.build, "cnn": cnn.build, "residual": residual.build}


def levels(model: keras.Model) -> keras.Model:
    """The same net, giving its logits and then what it sees of images, level by level, [N,D] each.

    Every convolution's channels after their activation, averaged over the picture; at last what the last layer reads.
    The weights are shared.
    """
    activations = (keras.layers.Activation, keras.layers.LeakyReLU)
    maps = [layer.output for layer in model.layers if isinstance(layer, activations) and layer.output.ndim == 4]
    means = [keras.layers.GlobalAveragePooling2D()(each) for each in maps[:-1]]
    return keras.Model(model.input, [model.output, *means, model.get_layer("classes").input])


def features(model: keras.Model) -> keras.Model:
    """The same net up to what its last layer reads: images -> features [N,D]; the weights are shared."""
    return keras.Model(model.input, model.get_layer("classes").input)


def classifier(recipe: Recipe, channels: int, classes: int) -> keras.Model:
    """The recipe's net, not yet trained, in the precision that Keras is set to."""
    side = None if recipe.net.kind == "residual" else recipe.data.size
    images = keras.Input((side, side, channels), name="images")
    logits = _CLASSIFIERS[recipe.net.kind](recipe.net, keras.layers.Rescaling(1 / 255)(images), classes)
    logits = keras.layers.Activation("linear", dtype="float32", name="logits")(logits)
    if not recipe.sam:
        return keras.Model(images, logits)
    model = Sharpness(images, logits)
    model.radius = recipe.sam
    return model
