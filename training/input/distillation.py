"""Distillation (Hinton et al. 2015): labels that are partly the predictions of other nets, the teachers."""

import tensorflow as tf

from training.errors import RecipeError
from training.model_store import find_candidate
from training.recipes.schema import Recipe

Batch = tuple[tf.Tensor, tf.Tensor]


def with_teacher_labels(batches: tf.data.Dataset, recipe: Recipe) -> tf.data.Dataset:
    """The same batches, with labels mixed with the teachers' probabilities; `distill_weight` is the teachers' share.

    Teachers are the candidates of other recipes' runs; the probabilities of several are averaged. They see the images
    after augmentation. Raises RecipeError if a candidate is missing.
    """
    if not recipe.teachers:
        return batches
    teachers = [_load_teacher(name, recipe) for name in recipe.teachers]

    def mix_labels(images: tf.Tensor, labels: tf.Tensor) -> Batch:
        pixels = tf.cast(tf.round(images), tf.uint8)
        predicted = tf.add_n([teacher(images=pixels)["probabilities"] for teacher in teachers]) / len(teachers)
        return images, (1 - recipe.distill_weight) * labels + recipe.distill_weight * predicted

    return batches.map(mix_labels, num_parallel_calls=2)


def _load_teacher(name: str, recipe: Recipe) -> tf.types.experimental.GenericFunction:
    candidate = find_candidate(name)
    if candidate is None:
        raise RecipeError(f"'{recipe.name}' learns from '{name}', which has no candidate here: train that first.")
    return tf.saved_model.load(str(candidate)).signatures["serving_default"]
