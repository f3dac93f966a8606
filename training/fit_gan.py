"""Training a GAN: each step trains the discriminator on real and generated pictures together, then the generator
through it. An average of the generator over its last steps is what is kept (Yazici et al. 2019).
"""

from typing import Any

import keras
import tensorflow as tf

from training import feed, optimise
from training.checkpoint import Checkpoint
from training.data import Dataset
from training.fit import loggers, verbosity
from training.nets import gan
from training.recipe import Recipe
from training.run import Run

NAMING = 0.5  # weight of the auxiliary classifier's loss


class Gan(keras.Model):  # type: ignore[misc]
    """`generator`, `discriminator` and `average`, the generator's running average."""

    def __init__(self, recipe: Recipe, side: int, channels: int, classes: int) -> None:
        super().__init__()
        self.generator = gan.generator(recipe.net, side, channels, classes)
        self.average = gan.generator(recipe.net, side, channels, classes)
        self.average.set_weights(self.generator.get_weights())
        self.average.trainable = False
        self.discriminator = gan.discriminator(recipe.net, side, channels, classes)
        self._latent, self._classes, self._decay = recipe.net.latent, classes, recipe.ema
        self._names = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def compile(self, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer) -> None:
        super().compile()
        generator.build(self.generator.trainable_variables)
        discriminator.build(self.discriminator.trainable_variables)
        self.generator_optimiser, self.discriminator_optimiser = generator, discriminator

    def _generated(self, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        labels = tf.random.uniform([count], 0, self._classes, tf.int32)
        return self.generator([tf.random.normal([count, self._latent]), labels], training=True), labels

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        pictures = tf.cast(batch[0], tf.float32) / 127.5 - 1.0
        labels = tf.argmax(batch[1], axis=1, output_type=tf.int32)
        judged, apart = self._train_discriminator(pictures, labels)
        fooled, read = self._train_generator(tf.shape(labels)[0])
        for mean, value in zip(self.average.weights, self.generator.weights, strict=True):
            mean.assign(mean + (1 - self._decay) * (value - mean))
        return {"discriminator": judged, "generator": fooled, "apart": apart, "read_as_label": read}

    def _train_discriminator(self, pictures: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Hinge loss on real and generated together, and the class of the real ones."""
        fakes, asked = self._generated(tf.shape(labels)[0])
        with tf.GradientTape() as tape:
            both, all_labels = tf.concat([pictures, fakes], 0), tf.concat([labels, asked], 0)
            realness, named = self.discriminator([both, all_labels], training=True)
            real, fake = tf.split(realness, 2)
            hinge = tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + fake))
            loss = hinge + NAMING * self._names(labels, tf.split(named, 2)[0])
        weights = self.discriminator.trainable_variables
        self.discriminator_optimiser.apply(tape.gradient(loss, weights), weights)
        return loss, tf.reduce_mean(real) - tf.reduce_mean(fake)

    def _train_generator(self, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pictures that pass for real and are read as what was asked for."""
        with tf.GradientTape() as tape:
            fakes, asked = self._generated(count)
            realness, named = self.discriminator([fakes, asked], training=True)
            loss = -tf.reduce_mean(realness) + NAMING * self._names(asked, named)
        weights = self.generator.trainable_variables
        self.generator_optimiser.apply(tape.gradient(loss, weights), weights)
        read = tf.argmax(named, axis=1, output_type=tf.int32)
        return loss, tf.reduce_mean(tf.cast(read == asked, tf.float32))


class Samples(keras.callbacks.Callback):  # type: ignore[misc]
    """A sheet of the averaged generator's pictures after each epoch, for TensorBoard."""

    def __init__(self, model: Gan, run: Run, classes: int) -> None:
        super().__init__()
        self._model, self._writer = model, tf.summary.create_file_writer(str(run.folder / "tensorboard" / "samples"))
        self._noise = tf.random.stateless_normal([8 * classes, run.recipe.net.latent], seed=[1, 2])
        self._labels = tf.tile(tf.range(classes), [8])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        pictures = (self._model.average([self._noise, self._labels], training=False) + 1) / 2
        columns = len(self._labels) // 8
        sheet = tf.concat([tf.concat(tf.unstack(row), 1) for row in tf.split(pictures, 8)], 0)
        with self._writer.as_default(step=epoch):
            tf.summary.image(f"samples, {columns} classes", sheet[None])


def train(data: Dataset, run: Run) -> Gan:
    """Train, or go on, to the recipe's last epoch."""
    recipe, (side, _, channels) = run.recipe, data.train.shape
    model = Gan(recipe, side, channels, len(data.classes))
    model.generator.summary()
    model.discriminator.summary()
    per_epoch = feed.steps(data, recipe)
    model.compile(*(optimise.optimiser(recipe.optimiser, per_epoch, recipe.epochs) for _ in range(2)))
    checkpoint = Checkpoint(
        run,
        generator=model.generator,
        average=model.average,
        discriminator=model.discriminator,
        generator_optimiser=model.generator_optimiser,
        discriminator_optimiser=model.discriminator_optimiser,
    )
    done = checkpoint.restore()
    if done < recipe.epochs:
        model.fit(
            feed.training(data, recipe, first_epoch=done),
            epochs=recipe.epochs,
            initial_epoch=done,
            steps_per_epoch=per_epoch,
            callbacks=[Samples(model, run, len(data.classes)), *loggers(run), checkpoint],
            verbose=verbosity(),
        )
    return model
