from training.evaluation.accuracy import compute_wilson_interval


def test_interval_contains_the_accuracy_and_narrows_with_more_images() -> None:
    few, many = compute_wilson_interval(0.98, 180), compute_wilson_interval(0.98, 10_000)
    assert few[0] < many[0] < 0.98 < many[1] < few[1] < 1
