"""Random changes to training images, one batch at a time, all in TensorFlow.

One projective transform per image does crop, rotation, shear, stretch, shift and flip together, with elastic
displacements added to it. It samples straight to the size that the net is trained at, so pixels are interpolated once.
"""

import math

import tensorflow as tf

from training.input.mixup import cutmix, mixup
from training.input.stateless_random import normal, uniform
from training.recipes.schema import Augment


def augment(
    images: tf.Tensor, labels: tf.Tensor, size: tf.Tensor, config: Augment, fill: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """(images float32 [N,size,size,C] in [0, 255], labels float32 [N,K]) for training, from images [N,H,H,C]."""
    images = warp(images, size, config, fill)
    if config.thickness:
        images = _change_thickness(images, config.thickness)
    if config.coarse:
        images = _coarsen(images, config.coarse)
    images = _change_colours(images, config)
    if config.mixup:
        images, labels = mixup(images, labels, config.mixup)
    return cutmix(images, labels, config.cutmix) if config.cutmix else (images, labels)


def warp(images: tf.Tensor, size: tf.Tensor, config: Augment, fill: str) -> tf.Tensor:
    """float32 [N,size,size,C] from [N,H,H,C]; `fill` is what lies outside: "CONSTANT" (black) or "REFLECT"."""
    shape = tf.shape(images)
    transforms = _random_transforms(shape[0], tf.cast(shape[1], tf.float32), tf.cast(size, tf.float32), config)
    if config.elastic:
        return _warp_elastic(tf.cast(images, tf.float32), transforms, size, config.elastic)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=transforms,
        output_shape=tf.stack([size, size]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill,
    )


def _symmetric(count: tf.Tensor, limit: float) -> tf.Tensor:
    """[count] numbers in [-limit, limit)."""
    return uniform([count], -limit, limit)


def _random_transforms(count: tf.Tensor, source: tf.Tensor, size: tf.Tensor, config: Augment) -> tf.Tensor:
    """[N,8]: for each image a map from output pixels to source pixels, around the two centres."""
    turn = _symmetric(count, math.radians(config.rotation))
    shear = _symmetric(count, math.tan(math.radians(config.shear)))
    stretch = tf.exp(_symmetric(count, config.stretch / 2))
    zoom = uniform([count], config.zoom[0], config.zoom[1]) * source / size
    side = tf.where(uniform([count]) < 0.5, -1.0, 1.0) if config.flip else tf.ones([count])
    # a crop smaller than the image may lie anywhere inside it
    room = tf.maximum(0.0, 1 - zoom * size / source) / 2 + config.shift
    shift_x, shift_y = (uniform([count], -1, 1) * room * source for _ in range(2))
    a, b = side * zoom * stretch * tf.cos(turn), zoom * (shear - tf.sin(turn))
    c, d = side * zoom * tf.sin(turn), zoom / stretch * tf.cos(turn)
    out_centre, in_centre = (size - 1) / 2, (source - 1) / 2
    x = in_centre + shift_x - (a + b) * out_centre
    y = in_centre + shift_y - (c + d) * out_centre
    zero = tf.zeros([count])
    return tf.stack([a, b, x, c, d, y, zero, zero], axis=1)


def _warp_elastic(images: tf.Tensor, transforms: tf.Tensor, size: tf.Tensor, stddev: float) -> tf.Tensor:
    """The transforms with a smooth random displacement added (after Simard et al. 2003); black outside."""
    count, side = tf.shape(images)[0], tf.cast(tf.shape(images)[1], tf.float32)
    shifts = tf.image.resize(normal([count, 5, 5, 2], stddev * side), [size, size], "bicubic")
    x, y = tf.meshgrid(tf.range(tf.cast(size, tf.float32)), tf.range(tf.cast(size, tf.float32)))
    a, b, c, d, e, f = (transforms[:, index, None, None] for index in range(6))
    return _sample_bilinear(images, a * x + b * y + c + shifts[..., 0], d * x + e * y + f + shifts[..., 1])


def _sample_bilinear(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """[N,S,S,C] from [N,H,H,C]: the images at the coordinates x, y [N,S,S], interpolated between pixels."""
    padded = tf.pad(images, [[0, 0], [1, 2], [1, 2], [0, 0]])
    width = tf.shape(padded)[1]
    flat = tf.reshape(padded, [tf.shape(images)[0], width * width, images.shape[3]])
    x, y = (tf.clip_by_value(axis + 1, 0.0, tf.cast(width - 2, tf.float32)) for axis in (x, y))
    left, top = tf.floor(x), tf.floor(y)
    corner = tf.cast(top, tf.int32) * width + tf.cast(left, tf.int32)
    right, low = (x - left)[..., None], (y - top)[..., None]

    def pixels(offset: tf.Tensor | int) -> tf.Tensor:
        return tf.gather(flat, corner + offset, batch_dims=1)

    above = pixels(0) * (1 - right) + pixels(1) * right
    below = pixels(width) * (1 - right) + pixels(width + 1) * right
    return above * (1 - low) + below * low


def _change_thickness(images: tf.Tensor, limit: float) -> tf.Tensor:
    """Makes light strokes on black bolder or finer."""
    weight = tf.reshape(_symmetric(tf.shape(images)[0], limit), [-1, 1, 1, 1])
    bold = tf.nn.max_pool2d(images, 3, 1, "SAME")
    fine = -tf.nn.max_pool2d(-images, 3, 1, "SAME")
    return images + tf.where(weight > 0, bold - images, images - fine) * weight


def _coarsen(images: tf.Tensor, share: float) -> tf.Tensor:
    """Blurs that share of the images as if they were enlarged from a small scan.

    Each pixel becomes the mean of nine; the brightest value of the image stays.
    """
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    peak, blurred_peak = (tf.reduce_max(pixels, axis=[1, 2, 3], keepdims=True) for pixels in (images, blurred))
    chosen = uniform([tf.shape(images)[0], 1, 1, 1]) < share
    return tf.where(chosen, blurred * peak / tf.maximum(blurred_peak, 1.0), images)


def _change_colours(images: tf.Tensor, config: Augment) -> tf.Tensor:
    count = tf.shape(images)[0]

    def per_image(limit: float) -> tf.Tensor:
        return tf.reshape(_symmetric(count, limit), [count, 1, 1, 1])

    if config.saturation:
        grey = tf.reduce_mean(images, axis=-1, keepdims=True)
        images = grey + (images - grey) * (1 + per_image(config.saturation))
    if config.contrast:
        mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
        images = mean + (images - mean) * (1 + per_image(config.contrast))
    if config.brightness:
        images = images + 255 * per_image(config.brightness)
    return tf.clip_by_value(images, 0.0, 255.0)
