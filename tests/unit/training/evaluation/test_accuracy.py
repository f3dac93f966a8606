from training.evaluation.accuracy import wilson_interval


def test_an_interval_holds_the_share_and_narrows_with_more_images() -> None:
    few, many = wilson_interval(0.98, 180), wilson_interval(0.98, 10_000)
    assert few[0] < many[0] < 0.98 < many[1] < few[1] < 1
