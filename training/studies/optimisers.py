"""SGD, momentum, Nesterov, Adagrad, RMSprop and Adam on an MLP: by k-fold (k=5), then by a search with Optuna."""

from pathlib import Path
from statistics import mean, stdev
from typing import Any

from training import pipeline, plots
from training.data import Dataset
from training.recipes.loading import load_recipe, with_overrides
from training.recipes.schema import Recipe
from training.studies.tools import cross_validation, search, store, variants

RATES = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01, "rmsprop": 1e-3, "adam": 1e-3}
FOLDS = 5
NET = "net.widths=[256, 128]"


def conduct(place: Path, quick: bool) -> None:
    size = ["data.limit=2000", "epochs=2"] if quick else ["data.limit=20000", "epochs=4"]
    base = load_recipe("mnist-mlp", [NET, *size], quick)
    data = pipeline.load_data(base)
    scores = _cross_validated(place, base, data, 2 if quick else FOLDS)
    best = max(scores, key=lambda name: mean(scores[name]))
    found = search.search(base, data, place / "search.sqlite3", trials=5 if quick else 24)
    longer = load_recipe("mnist-mlp", [NET, "epochs=4" if quick else "epochs=15"], quick)
    final = {f"{best}, best by k-fold": _change(best), "best by search": search.overrides(found.best_params)}
    trials = [
        {"state": trial.state.name, "accuracy": trial.value, **trial.params}
        for trial in found.trials
        if trial.value is not None
    ]
    results = {"folds": scores, "trials": trials, "best": found.best_params}
    store.save(place / "results.json", results | {"final": variants.train(place, longer, final)})


def _change(optimiser: str) -> list[str]:
    return [*search.changes(optimiser), f"optimiser.learning_rate={RATES[optimiser]}"]


def _cross_validated(place: Path, base: Recipe, data: Dataset, count: int) -> dict[str, list[float]]:
    """Validation accuracy of every fold, by optimiser; written after each fold, so that none is done twice."""
    file = place / "folds.json"
    scores: dict[str, list[float]] = store.load(file, {})
    parts = cross_validation.folds(data, count, base.seed)
    for name in RATES:
        plan = with_overrides(base, base.name, _change(name))
        for fold in parts[len(scores.setdefault(name, [])) :]:
            scores[name].append(cross_validation.accuracy(plan, fold))
            print(f"{name}, fold {len(scores[name])} of {count}: {scores[name][-1]:.4f}", flush=True)
            store.save(file, scores)
    return scores


def tell(results: Any, pictures: Path) -> list[str]:
    scores, trials = results["folds"], results["trials"]
    _draw(trials, pictures / "optimisers.png")
    best, pruned = results["best"], sum(trial["state"] == "PRUNED" for trial in trials)
    first, second = results["final"]
    return [
        *plots.format_table(
            [
                "optimiser",
                "learning rate",
                "mean accuracy over the folds",
                "standard deviation",
            ],
            [
                [name, f"{RATES[name]:g}", f"{mean(found):.2%}", f"{stdev(found):.2%}"]
                for name, found in sorted(scores.items(), key=lambda item: -mean(item[1]))
            ],
        ),
        "",
        "Folds and search see 20,000 of the training images for 4 epochs, the last two nets all of them. "
        f"The search made {len(trials)} trials and cut {pruned} of them short. Its best: {best['optimiser']}, learning "
        f"rate {best['learning_rate']:.2g}, batches of {best['batch_size']}. Trained for {first['epochs']} epochs, "
        f"{first['label']}, gets {first['accuracy']:.2%} on the test set, and the best by search "
        f"{second['accuracy']:.2%}.",
        "",
        "![validation accuracy of every trial](training/optimisers.png)",
    ]


def _draw(trials: list[dict[str, Any]], path: Path) -> None:
    plots.draw_scatter(
        {
            name: [(trial["learning_rate"], trial["accuracy"]) for trial in trials if trial["optimiser"] == name]
            for name in search.OPTIMISERS
        },
        ("learning rate", "validation accuracy"),
        "the search's trials, pruned ones at their last accuracy",
        path,
    )
