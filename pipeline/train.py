"""Stage `train`: cross-validate the model that params.yaml names, fit it on all training rows, save it."""

from typing import Any

from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from model_file import save
from models import KINDS, SCALED, SCORES, folds
from project import METRICS, MODEL, TRAIN, Table, read_params, read_table, write_json


def build(options: dict[str, Any]) -> Pipeline:
    """The model that `train.model` names, with the hyperparameters of its section, not yet fitted."""
    kind = options["model"]
    if kind not in KINDS:
        raise SystemExit(f"params.yaml: train.model: {kind!r} is not one of {', '.join(KINDS)}")
    estimator = KINDS[kind](**(options.get(kind) or {}), random_state=options["seed"])
    return make_pipeline(*([StandardScaler()] if kind in SCALED else []), estimator)


def cross_validation(model: Pipeline, table: Table, count: int, seed: int) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of each score over the folds."""
    measured = cross_validate(
        model, table.features, table.target, cv=folds(count, seed), scoring=SCORES, n_jobs=1
    )
    signs = {name: -1 if scorer.startswith("neg_") else 1 for name, scorer in SCORES.items()}
    return {
        name: {"mean": sign * measured[f"test_{name}"].mean(), "sd": measured[f"test_{name}"].std(ddof=1)}
        for name, sign in signs.items()
    }


def main() -> None:
    params = read_params()
    options = params["train"]
    table = read_table(TRAIN, params["data"]["id"], params["data"]["target"])
    model = build(options)
    scores = cross_validation(model, table, options["folds"], options["seed"])
    save(model.fit(table.features, table.target), MODEL)
    write_json(METRICS / "train.json", {"cv": scores})
    for name, score in scores.items():
        print(f"{options['model']}: {name} {score['mean']:.4f} ± {score['sd']:.4f}")


if __name__ == "__main__":
    main()
