"""Training a GAN: each step trains the discriminator on real and generated pictures together, then the generator
through it. An average of the generator over its last steps is what is kept (Yazici et al. 2019).

The discriminator says which of a pair, one real and one generated of the same label, is the more real
(Jolicoeur-Martineau 2018), so no kind of real picture can be left out; a penalty on its slope at real and at generated
pictures (R1 and R2, Mescheder et al. 2018) makes the game converge. Huang et al. 2024, The GAN is dead, join the two.
"""

from typing import Any

import keras
import tensorflow as tf

from training.data import Dataset
from training.fit import optimisers as optimise
from training.fit.checkpoint import Checkpoint
from training.fit.classifier import loggers, verbosity
from training.input.pipeline import steps_per_epoch, training_batches
from training.nets import gan
from training.recipes.schema import Recipe
from training.run import Run

STEEP = 8  # pictures of a batch, of each sort, whose slope is measured: it costs six times a plain look


class Gan(keras.Model):  # type: ignore[misc]
    """`generator`, `discriminator` and `average`, the generator's running average."""

    def __init__(self, recipe: Recipe, side: int, channels: int, classes: int) -> None:
        super().__init__()
        self.generator = gan.generator(recipe.net, side, channels, classes)
        self.average = gan.generator(recipe.net, side, channels, classes)
        self.average.set_weights(self.generator.get_weights())
        self.average.trainable = False
        self.discriminator = gan.discriminator(recipe.net, side, channels, classes)
        self._latent, self._decay, self._smooth = recipe.net.latent, recipe.ema, recipe.smooth

    def compile(self, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer) -> None:
        super().compile()
        generator.build(self.generator.trainable_variables)
        discriminator.build(self.discriminator.trainable_variables)
        self.generator_optimiser, self.discriminator_optimiser = generator, discriminator

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        pictures = tf.cast(batch[0], tf.float32) / 127.5 - 1.0
        labels = tf.argmax(batch[1], axis=1, output_type=tf.int32)
        noise = tf.random.normal([tf.shape(labels)[0], self._latent])
        with tf.GradientTape() as tape:
            fakes = self.generator([noise, labels], training=True)
            judged, apart, slope = self._train_discriminator(pictures, tf.stop_gradient(fakes), labels)
            real, fake = self._judged(pictures, fakes, labels)
            fooled = tf.reduce_mean(tf.nn.softplus(real - fake))
        weights = self.generator.trainable_variables
        self.generator_optimiser.apply(tape.gradient(fooled, weights), weights)
        self._follow()
        return {"discriminator": judged, "generator": fooled, "apart": apart, "slope": slope}

    def _follow(self) -> None:
        """The average moves towards the generator; quickly at first, when there is little to average."""
        steps = tf.cast(self.generator_optimiser.iterations, tf.float32)
        decay = tf.minimum(self._decay, steps / (9.0 + steps))
        for mean, value in zip(self.average.weights, self.generator.weights, strict=True):
            mean.assign(mean + (1 - decay) * (value - mean))

    def _judged(self, pictures: tf.Tensor, fakes: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Realness of each real picture and of the generated one of the same label."""
        both, twice = tf.concat([pictures, fakes], 0), tf.concat([labels, labels], 0)
        real, fake = tf.split(self.discriminator([both, twice], training=True), 2)
        return real, fake

    def _train_discriminator(self, pictures: tf.Tensor, fakes: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        """[loss, how far real and generated are apart, the squared slope of realness at both]."""
        few = (pictures[:STEEP], fakes[:STEEP], labels[:STEEP])
        with tf.GradientTape() as tape:
            real, fake = self._judged(pictures, fakes, labels)
            with tf.GradientTape() as inner:
                inner.watch(few[:2])
                realness = tf.add_n([tf.reduce_sum(part) for part in self._judged(*few)])
            slopes = inner.gradient(realness, few[:2])
            slope = tf.add_n([tf.reduce_sum(tf.square(each)) for each in slopes]) / STEEP
            loss = tf.reduce_mean(tf.nn.softplus(fake - real))
            total = loss + 0.5 * self._smooth * slope
        weights = self.discriminator.trainable_variables
        self.discriminator_optimiser.apply(tape.gradient(total, weights), weights)
        return [loss, tf.reduce_mean(real) - tf.reduce_mean(fake), slope]


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
    per_epoch = steps_per_epoch(data, recipe)
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
            training_batches(data, recipe, first_epoch=done),
            epochs=recipe.epochs,
            initial_epoch=done,
            steps_per_epoch=per_epoch,
            callbacks=[Samples(model, run, len(data.classes)), *loggers(run), checkpoint],
            verbose=verbosity(),
        )
    return model
