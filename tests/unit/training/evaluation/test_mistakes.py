import numpy as np

from training.evaluation.mistakes import find_worst


def test_most_confident_mistakes_come_first_and_correct_answers_are_left_out() -> None:
    logits = np.array([[5.0, 1.0], [3.0, 0.0], [0.0, 1.0], [9.0, 0.0]])
    labels = np.array([0, 1, 0, 1])
    assert find_worst(logits, labels, 10).tolist() == [3, 1, 2]
    assert find_worst(logits, labels, 1).tolist() == [3]
