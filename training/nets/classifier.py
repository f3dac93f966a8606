"""Builds the classifier of a recipe, and a feature extractor from it."""

import keras

from training.errors import RecipeError
from training.nets import cnn, mlp, residual
from training.nets.sam import SamModel
from training.recipes.net_schema import CnnNet, MlpNet, Net, ResidualNet
from training.recipes.schema import Recipe


def build_classifier(recipe: Recipe, channels: int, classes: int) -> keras.Model:
    """float32 [N,H,W,C] in [0, 255] -> logits float32 [N,K]; untrained, in the precision that Keras is set to.

    Raises RecipeError if the recipe's net is not a classifier.
    """
    side = None if recipe.net.kind == "residual" else recipe.data.size
    images = keras.Input((side, side, channels), name="images")
    logits = _build_logits(recipe.net, keras.layers.Rescaling(1 / 255)(images), classes)
    logits = keras.layers.Activation("linear", dtype="float32", name="logits")(logits)
    if not recipe.sam_rho:
        return keras.Model(images, logits)
    model = SamModel(images, logits)
    model.rho = recipe.sam_rho
    return model


def _build_logits(net: Net, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    match net:
        case MlpNet():
            return mlp.build(net, x, classes)
        case CnnNet():
            return cnn.build(net, x, classes)
        case ResidualNet():
            return residual.build(net, x, classes)
    raise RecipeError(f"A net of kind '{net.kind}' is not a classifier.")


def feature_extractor(model: keras.Model) -> keras.Model:
    """The same classifier with more outputs: its logits, then the features [N,D] of every level. Weights are shared.

    The features of a level are the channels of a convolution after their activation, averaged over the image. The last
    level is the input of the last layer.
    """
    activations = (keras.layers.Activation, keras.layers.LeakyReLU)
    maps = [layer.output for layer in model.layers if isinstance(layer, activations) and layer.output.ndim == 4]
    means = [keras.layers.GlobalAveragePooling2D()(feature_map) for feature_map in maps[:-1]]
    return keras.Model(model.input, [model.output, *means, model.get_layer("classes").input])
