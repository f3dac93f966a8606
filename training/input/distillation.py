"""Learning from other nets what labels leave out: how much of a 4 is in a 9 (distillation, Hinton et al. 2015)."""

import tensorflow as tf

from training.errors import RecipeError
from training.recipes.schema import Recipe
from training.run import RUNS

Batch = tuple[tf.Tensor, tf.Tensor]


def with_teacher_labels(batches: tf.data.Dataset, recipe: Recipe) -> tf.data.Dataset:
    """The same batches, with labels that are `lesson` parts what the recipe's teachers say of those very images.

    Teachers are the candidates of other recipes' runs; several are averaged. Raises RecipeError if one is not there.
    """
    if not recipe.teachers:
        return batches
    nets = [_teacher(name, recipe) for name in recipe.teachers]

    def tell(images: tf.Tensor, labels: tf.Tensor) -> Batch:
        seen = tf.cast(tf.round(images), tf.uint8)
        said = tf.add_n([net(images=seen)["probabilities"] for net in nets]) / len(nets)
        return images, (1 - recipe.lesson) * labels + recipe.lesson * said

    return batches.map(tell, num_parallel_calls=2)


def _teacher(name: str, recipe: Recipe) -> tf.types.experimental.GenericFunction:
    candidate = RUNS / name / "candidate"
    if not (candidate / "saved_model.pb").exists():
        raise RecipeError(f"'{recipe.name}' learns from '{name}', which has no candidate here: train that first.")
    return tf.saved_model.load(str(candidate)).signatures["serving_default"]
