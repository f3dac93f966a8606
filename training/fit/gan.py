"""Trains a GAN: each step trains the discriminator on real and generated images together, then the generator through
it. The result is the moving average of the generator's weights (Yazici et al. 2019).

The discriminator says which of a real and a generated image of the same label is more real (Jolicoeur-Martineau 2018),
so the generator cannot leave out a kind of real image; a penalty on its gradient at real and at generated images (R1
and R2, Mescheder et al. 2018) makes training converge. Huang et al. 2024, The GAN is dead, combine the two.
"""

from typing import Any

import keras
import tensorflow as tf

from training.data import Dataset
from training.fit.callbacks import build_loggers, verbosity
from training.fit.checkpoint import Checkpoint
from training.fit.model_ema import update_means
from training.fit.optimisers import build_optimiser
from training.input.pipeline import steps_per_epoch, training_batches
from training.nets.gan import build_discriminator, build_generator
from training.recipes.schema import Recipe
from training.run import Run

PENALTY_IMAGES = 8  # of the real and of the generated images of a batch; a penalty costs six forward passes per image


class Gan(keras.Model):  # type: ignore[misc]
    """`generator`, `discriminator` and `average`, the generator with the moving average of its weights."""

    def __init__(self, recipe: Recipe, side: int, channels: int, classes: int) -> None:
        super().__init__()
        net = recipe.gan
        self.generator = build_generator(net, side, channels, classes)
        self.average = build_generator(net, side, channels, classes)
        self.average.set_weights(self.generator.get_weights())
        self.average.trainable = False
        self.discriminator = build_discriminator(net, side, channels, classes)
        self._latent, self._decay, self._gradient_penalty = net.latent, recipe.ema, recipe.gradient_penalty

    def compile(self, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer) -> None:
        super().compile()
        generator.build(self.generator.trainable_variables)
        discriminator.build(self.discriminator.trainable_variables)
        self.generator_optimiser, self.discriminator_optimiser = generator, discriminator

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """The logs: both losses, `apart` (real minus generated realness) and `slope` (the squared gradient)."""
        real_images = tf.cast(batch[0], tf.float32) / 127.5 - 1.0
        labels = tf.argmax(batch[1], axis=1, output_type=tf.int32)
        noise = tf.random.normal([tf.shape(labels)[0], self._latent])
        with tf.GradientTape() as tape:
            fake_images = self.generator([noise, labels], training=True)
            discriminator_loss, apart, slope = self._train_discriminator(
                real_images, tf.stop_gradient(fake_images), labels
            )
            real, fake = self._score(real_images, fake_images, labels)
            generator_loss = tf.reduce_mean(tf.nn.softplus(real - fake))
        weights = self.generator.trainable_variables
        self.generator_optimiser.apply(tape.gradient(generator_loss, weights), weights)
        update_means(
            [weight.value for weight in self.average.weights],
            [weight.value for weight in self.generator.weights],
            self._decay,
            self.generator_optimiser.iterations,
        )
        return {"discriminator": discriminator_loss, "generator": generator_loss, "apart": apart, "slope": slope}

    def _score(self, real_images: tf.Tensor, fake_images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Realness [N] of the real images, and of the generated ones of the same labels."""
        both, twice = tf.concat([real_images, fake_images], 0), tf.concat([labels, labels], 0)
        real, fake = tf.split(self.discriminator([both, twice], training=True), 2)
        return real, fake

    def _train_discriminator(
        self, real_images: tf.Tensor, fake_images: tf.Tensor, labels: tf.Tensor
    ) -> list[tf.Tensor]:
        """[loss, real minus generated realness, squared gradient of the realness at both]."""
        penalty_batch = (real_images[:PENALTY_IMAGES], fake_images[:PENALTY_IMAGES], labels[:PENALTY_IMAGES])
        with tf.GradientTape() as tape:
            real, fake = self._score(real_images, fake_images, labels)
            with tf.GradientTape() as inner:
                inner.watch(penalty_batch[:2])
                realness = tf.add_n([tf.reduce_sum(scores) for scores in self._score(*penalty_batch)])
            gradients = inner.gradient(realness, penalty_batch[:2])
            slope = tf.add_n([tf.reduce_sum(tf.square(gradient)) for gradient in gradients]) / PENALTY_IMAGES
            loss = tf.reduce_mean(tf.nn.softplus(fake - real))
            total = loss + 0.5 * self._gradient_penalty * slope
        weights = self.discriminator.trainable_variables
        self.discriminator_optimiser.apply(tape.gradient(total, weights), weights)
        return [loss, tf.reduce_mean(real) - tf.reduce_mean(fake), slope]


class SampleSheet(keras.callbacks.Callback):  # type: ignore[misc]
    """A sheet of the averaged generator's images after each epoch, for TensorBoard."""

    def __init__(self, model: Gan, run: Run, classes: int) -> None:
        super().__init__()
        self._model, self._writer = model, tf.summary.create_file_writer(str(run.folder / "tensorboard" / "samples"))
        self._noise = tf.random.stateless_normal([8 * classes, run.recipe.gan.latent], seed=[1, 2])
        self._labels = tf.tile(tf.range(classes), [8])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        images = (self._model.average([self._noise, self._labels], training=False) + 1) / 2
        columns = len(self._labels) // 8
        sheet = tf.concat([tf.concat(tf.unstack(row), 1) for row in tf.split(images, 8)], 0)
        with self._writer.as_default(step=epoch):
            tf.summary.image(f"samples, {columns} classes", sheet[None])


def fit_gan(data: Dataset, run: Run) -> Gan:
    """Trains, or resumes training, to the recipe's last epoch."""
    recipe, (side, _, channels) = run.recipe, data.train.shape
    model = Gan(recipe, side, channels, len(data.classes))
    model.generator.summary()
    model.discriminator.summary()
    steps = steps_per_epoch(data, recipe)
    model.compile(*(build_optimiser(recipe.optimiser, steps, recipe.epochs) for _ in range(2)))
    checkpoint = Checkpoint(
        run,
        generator=model.generator,
        average=model.average,
        discriminator=model.discriminator,
        generator_optimiser=model.generator_optimiser,
        discriminator_optimiser=model.discriminator_optimiser,
    )
    epochs_done = checkpoint.restore()
    if epochs_done < recipe.epochs:
        model.fit(
            training_batches(data, recipe, epochs_done),
            epochs=recipe.epochs,
            initial_epoch=epochs_done,
            steps_per_epoch=steps,
            callbacks=[SampleSheet(model, run, len(data.classes)), *build_loggers(run), checkpoint],
            verbose=verbosity(),
        )
    return model
