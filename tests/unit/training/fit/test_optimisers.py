import pytest

from training.fit.optimisers import build_optimiser
from training.recipes.loading import load_recipe


def test_the_trapezoid_schedule_warms_up_stays_and_falls_to_zero() -> None:
    recipe = load_recipe(
        "digits8-cnn",
        ["optimiser.schedule=trapezoid", "optimiser.warmup_epochs=1", "optimiser.learning_rate=0.5"],
    )
    rate = build_optimiser(recipe.optimiser, steps=10, epochs=20)._learning_rate
    assert [float(rate(step)) for step in (0, 4, 9, 10, 149)] == pytest.approx([0.05, 0.25, 0.5, 0.5, 0.5])
    assert [float(rate(step)) for step in (150, 175, 199, 200, 250)] == pytest.approx([0.5, 0.25, 0.01, 0, 0])
