import numpy as np
import pytest
import tensorflow as tf

from training.input.augment import augment, cutmix, geometry
from training.recipes.schema import Augment


def _pictures(side: int = 20) -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).integers(0, 256, (4, side, side, 3)), tf.uint8)


def test_no_change_asked_for_is_no_change() -> None:
    pictures = _pictures()
    same = geometry(pictures, tf.constant(20), Augment(), "CONSTANT")
    np.testing.assert_allclose(same, tf.cast(pictures, tf.float32), atol=1e-3)


def test_a_flip_is_the_mirror_image_or_the_image() -> None:
    pictures = _pictures()
    turned = geometry(pictures, tf.constant(20), Augment(flip=True), "CONSTANT").numpy()
    for was, now in zip(pictures.numpy().astype(float), turned, strict=True):
        assert np.allclose(now, was, atol=1e-2) or np.allclose(now, was[:, ::-1], atol=1e-2)


@pytest.mark.parametrize("side", [12, 20, 33])
def test_pictures_come_out_at_the_size_asked_for_and_in_range(side: int) -> None:
    how = Augment(
        rotation=30, shift=0.1, shear=10, zoom=(0.5, 1.2), stretch=0.2, flip=True, brightness=0.4, contrast=0.4
    )
    images, labels = augment(_pictures(), tf.eye(4), tf.constant(side), how, "REFLECT")
    assert images.shape == (4, side, side, 3) and labels.shape == (4, 4)
    assert float(tf.reduce_min(images)) >= 0 and float(tf.reduce_max(images)) <= 255


def test_a_whole_picture_shrunk_shows_the_same_picture() -> None:
    ramp = tf.constant(np.tile(np.linspace(0, 255, 40)[None, :, None], (40, 1, 1))[None], tf.uint8)
    small = geometry(ramp, tf.constant(20), Augment(), "REFLECT")[0, :, :, 0].numpy()
    np.testing.assert_allclose(small[10], np.linspace(0, 255, 20), atol=8)


def test_mixup_blends_labels_as_it_blends_pictures() -> None:
    labels = augment(_pictures(), tf.eye(4), tf.constant(20), Augment(mixup=1.0), "CONSTANT")[1].numpy()
    np.testing.assert_allclose(labels.sum(axis=1), 1.0, rtol=1e-5)
    assert (labels.max(axis=1) < 1).all()


def test_bends_move_ink_a_little_and_lose_none_of_the_range() -> None:
    pictures = np.zeros((8, 28, 28, 1), np.uint8)
    pictures[:, 8:20, 13:15] = 255
    still = geometry(tf.constant(pictures), tf.constant(28), Augment(elastic=1e-9), "CONSTANT").numpy()
    np.testing.assert_allclose(still, pictures, atol=0.01)
    bent = geometry(tf.constant(pictures), tf.constant(28), Augment(elastic=0.03), "CONSTANT").numpy()
    assert bent.shape == pictures.shape and bent.min() >= 0 and bent.max() <= 255.01
    assert np.abs(bent - pictures).mean() > 1 and 0.7 < bent.sum() / pictures.sum() < 1.4
    assert not np.allclose(bent[0], bent[1])


def test_strokes_grow_and_shrink() -> None:
    pictures = np.zeros((64, 28, 28, 1), np.uint8)
    pictures[:, 8:20, 12:16] = 255
    changed, _ = augment(tf.constant(pictures), tf.zeros([64, 2]), tf.constant(28), Augment(thickness=1.0), "CONSTANT")
    ink = changed.numpy().sum(axis=(1, 2, 3)) / pictures[0].sum()
    assert ink.min() < 0.7 and ink.max() > 1.5


def test_coarse_strokes_are_blurred_and_as_bright_and_only_a_share_of_them() -> None:
    pictures = np.zeros((200, 28, 28, 1), np.uint8)
    pictures[:, 8:20, 13:15] = 200
    changed, _ = augment(tf.constant(pictures), tf.zeros([200, 2]), tf.constant(28), Augment(coarse=0.5), "CONSTANT")
    blurred = np.abs(changed.numpy() - pictures).max(axis=(1, 2, 3)) > 1
    assert 60 < blurred.sum() < 140
    np.testing.assert_allclose(changed.numpy().max(axis=(1, 2, 3)), 200, rtol=1e-4)
    across = changed.numpy()[blurred][0, 14, :, 0]
    assert (across > 1).sum() == 4 and across[12] == pytest.approx(across[15]) == pytest.approx(100, rel=1e-3)


def test_a_pasted_box_counts_in_the_label_by_its_area() -> None:
    pictures = tf.constant(np.repeat([0.0, 100.0], 2)[:, None, None, None] * np.ones((4, 16, 16, 3)), tf.float32)
    labels = tf.one_hot([0, 0, 1, 1], 2)
    for _ in range(10):
        mixed, shares = cutmix(pictures, labels, 1.0)
        np.testing.assert_allclose(tf.reduce_mean(mixed, axis=[1, 2, 3]) / 100, shares[:, 1], atol=1e-5)
    same, kept = cutmix(pictures, labels, 0.0)
    np.testing.assert_array_equal(same, pictures)
    np.testing.assert_array_equal(kept, labels)
