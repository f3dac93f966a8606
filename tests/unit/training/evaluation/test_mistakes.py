import numpy as np

from training.evaluation.mistakes import find_worst


def test_the_surest_wrong_answers_come_first_and_right_ones_never() -> None:
    scores = np.array([[5.0, 1.0], [3.0, 0.0], [0.0, 1.0], [9.0, 0.0]])
    labels = np.array([0, 1, 0, 1])
    assert find_worst(scores, labels, 10).tolist() == [3, 1, 2]
    assert find_worst(scores, labels, 1).tolist() == [3]
