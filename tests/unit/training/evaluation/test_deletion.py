import numpy as np

from training.evaluation.deletion import hide_hottest


def test_hottest_tenth_gets_the_median_colour() -> None:
    images = np.full((2, 20, 20, 3), (10, 20, 30), np.uint8)
    images[:, 4:8, 4:8] = 255
    maps = np.zeros((2, 5, 5), np.float32)
    maps[0, 1, 1] = maps[1, 4, 4] = 1.0
    hidden = hide_hottest(images, maps)
    assert (hidden[0] == (10, 20, 30)).all(), "what was hot is gone"
    np.testing.assert_array_equal(hidden[1], images[1])
    assert (images[:, 5, 5] == 255).all(), "the images themselves stay"
