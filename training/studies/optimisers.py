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


def run_study(folder: Path, quick: bool) -> None:
    limits = ["data.limit=2000", "epochs=2"] if quick else ["data.limit=20000", "epochs=4"]
    base = load_recipe("mnist-mlp", [NET, *limits], quick)
    data = pipeline.load_data(base)
    scores = _cross_validate(folder, base, data, 2 if quick else FOLDS)
    best = max(scores, key=lambda name: mean(scores[name]))
    study = search.search(base, data, folder / "search.sqlite3", trials=5 if quick else 24)
    final_base = load_recipe("mnist-mlp", [NET, "epochs=4" if quick else "epochs=15"], quick)
    final_variants = {
        f"{best}, best by k-fold": _build_overrides(best),
        "best by search": search.build_overrides(study.best_params),
    }
    trials = [
        {"state": trial.state.name, "accuracy": trial.value, **trial.params}
        for trial in study.trials
        if trial.value is not None
    ]
    final = variants.train_variants(folder, final_base, final_variants)
    results = {"folds": scores, "trials": trials, "best": study.best_params, "final": final}
    store.save(folder / "results.json", results)


def _build_overrides(optimiser: str) -> list[str]:
    """The overrides for that optimiser with its learning rate in `RATES`."""
    return [*search.build_optimiser_overrides(optimiser), f"optimiser.learning_rate={RATES[optimiser]}"]


def _cross_validate(folder: Path, base: Recipe, data: Dataset, count: int) -> dict[str, list[float]]:
    """Validation accuracy of every fold, by optimiser; saved after each fold, so that no fold is trained twice."""
    file = folder / "folds.json"
    scores: dict[str, list[float]] = store.load(file, {})
    folds = cross_validation.split_folds(data, count, base.seed)
    for name in RATES:
        recipe = with_overrides(base, base.name, _build_overrides(name))
        for fold in folds[len(scores.setdefault(name, [])) :]:
            scores[name].append(cross_validation.train_and_validate(recipe, fold))
            print(f"{name}, fold {len(scores[name])} of {count}: {scores[name][-1]:.4f}", flush=True)
            store.save(file, scores)
    return scores


def render_section(results: Any, pictures: Path) -> list[str]:
    scores, trials = results["folds"], results["trials"]
    _draw_trials(trials, pictures / "optimisers.png")
    best, pruned = results["best"], sum(trial["state"] == "PRUNED" for trial in trials)
    by_folds, by_search = results["final"]
    return [
        *plots.format_table(
            [
                "optimiser",
                "learning rate",
                "mean accuracy over the folds",
                "standard deviation",
            ],
            [
                [name, f"{RATES[name]:g}", f"{mean(accuracies):.2%}", f"{stdev(accuracies):.2%}"]
                for name, accuracies in sorted(scores.items(), key=lambda item: -mean(item[1]))
            ],
        ),
        "",
        "Cross-validation and search use 20,000 of the training images for 4 epochs, the two final nets use all of "
        f"them. The search made {len(trials)} trials and pruned {pruned} of them. Its best: {best['optimiser']}, "
        f"learning rate {best['learning_rate']:.2g}, batches of {best['batch_size']}. Trained for {by_folds['epochs']} "
        f"epochs, {by_folds['label']}, gets {by_folds['accuracy']:.2%} on the test set, and the best by search "
        f"{by_search['accuracy']:.2%}.",
        "",
        "![validation accuracy of every trial](training/optimisers.png)",
    ]


def _draw_trials(trials: list[dict[str, Any]], path: Path) -> None:
    plots.draw_scatter(
        {
            name: [(trial["learning_rate"], trial["accuracy"]) for trial in trials if trial["optimiser"] == name]
            for name in search.OPTIMISERS
        },
        ("learning rate", "validation accuracy"),
        "the search's trials, pruned ones at their last accuracy",
        path,
    )
