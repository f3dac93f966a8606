import numpy as np
import pytest
import tensorflow as tf

from training.input.augment import augment, warp
from training.input.mixup import cutmix
from training.recipes.schema import Augment


def _images(side: int = 20) -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).integers(0, 256, (4, side, side, 3)), tf.uint8)


def test_the_default_changes_nothing() -> None:
    images = _images()
    same = warp(images, tf.constant(20), Augment(), "CONSTANT")
    np.testing.assert_allclose(same, tf.cast(images, tf.float32), atol=1e-3)


def test_flip_gives_the_image_or_its_mirror_image() -> None:
    images = _images()
    flipped = warp(images, tf.constant(20), Augment(flip=True), "CONSTANT").numpy()
    for before, after in zip(images.numpy().astype(float), flipped, strict=True):
        assert np.allclose(after, before, atol=1e-2) or np.allclose(after, before[:, ::-1], atol=1e-2)


@pytest.mark.parametrize("side", [12, 20, 33])
def test_augmented_images_have_the_requested_size_and_range(side: int) -> None:
    config = Augment(
        rotation=30, shift=0.1, shear=10, zoom=(0.5, 1.2), stretch=0.2, flip=True, brightness=0.4, contrast=0.4
    )
    images, labels = augment(_images(), tf.eye(4), tf.constant(side), config, "REFLECT")
    assert images.shape == (4, side, side, 3) and labels.shape == (4, 4)
    assert float(tf.reduce_min(images)) >= 0 and float(tf.reduce_max(images)) <= 255


def test_shrinking_keeps_the_content() -> None:
    ramp = tf.constant(np.tile(np.linspace(0, 255, 40)[None, :, None], (40, 1, 1))[None], tf.uint8)
    small = warp(ramp, tf.constant(20), Augment(), "REFLECT")[0, :, :, 0].numpy()
    np.testing.assert_allclose(small[10], np.linspace(0, 255, 20), atol=8)


def test_mixup_blends_labels_too() -> None:
    labels = augment(_images(), tf.eye(4), tf.constant(20), Augment(mixup=1.0), "CONSTANT")[1].numpy()
    np.testing.assert_allclose(labels.sum(axis=1), 1.0, rtol=1e-5)
    assert (labels.max(axis=1) < 1).all()


def test_elastic_displacements_are_small_and_keep_the_range() -> None:
    images = np.zeros((8, 28, 28, 1), np.uint8)
    images[:, 8:20, 13:15] = 255
    still = warp(tf.constant(images), tf.constant(28), Augment(elastic=1e-9), "CONSTANT").numpy()
    np.testing.assert_allclose(still, images, atol=0.01)
    bent = warp(tf.constant(images), tf.constant(28), Augment(elastic=0.03), "CONSTANT").numpy()
    assert bent.shape == images.shape and bent.min() >= 0 and bent.max() <= 255.01
    assert np.abs(bent - images).mean() > 1 and 0.7 < bent.sum() / images.sum() < 1.4
    assert not np.allclose(bent[0], bent[1])


def test_thickness_makes_strokes_bolder_and_finer() -> None:
    images = np.zeros((64, 28, 28, 1), np.uint8)
    images[:, 8:20, 12:16] = 255
    changed, _ = augment(tf.constant(images), tf.zeros([64, 2]), tf.constant(28), Augment(thickness=1.0), "CONSTANT")
    ink = changed.numpy().sum(axis=(1, 2, 3)) / images[0].sum()
    assert ink.min() < 0.7 and ink.max() > 1.5


def test_coarse_blurs_a_share_of_the_images_and_keeps_their_maximum() -> None:
    images = np.zeros((200, 28, 28, 1), np.uint8)
    images[:, 8:20, 13:15] = 200
    changed, _ = augment(tf.constant(images), tf.zeros([200, 2]), tf.constant(28), Augment(coarse=0.5), "CONSTANT")
    blurred = np.abs(changed.numpy() - images).max(axis=(1, 2, 3)) > 1
    assert 60 < blurred.sum() < 140
    np.testing.assert_allclose(changed.numpy().max(axis=(1, 2, 3)), 200, rtol=1e-4)
    across = changed.numpy()[blurred][0, 14, :, 0]
    assert (across > 1).sum() == 4 and across[12] == pytest.approx(across[15]) == pytest.approx(100, rel=1e-3)


def test_cutmix_weights_labels_by_area() -> None:
    images = tf.constant(np.repeat([0.0, 100.0], 2)[:, None, None, None] * np.ones((4, 16, 16, 3)), tf.float32)
    labels = tf.one_hot([0, 0, 1, 1], 2)
    for _ in range(10):
        mixed, shares = cutmix(images, labels, 1.0)
        np.testing.assert_allclose(tf.reduce_mean(mixed, axis=[1, 2, 3]) / 100, shares[:, 1], atol=1e-5)
    same, same_labels = cutmix(images, labels, 0.0)
    np.testing.assert_array_equal(same, images)
    np.testing.assert_array_equal(same_labels, labels)
