"""Stage `evaluate`: judge the model on the test rows, which it has never seen.

With `data.positive` in params.yaml there are two classes, and precision, recall, ROC and calibration are those
of the positive one. Without, there are several: scores are averaged over the classes, and the curves are those of
one class against the rest, for all classes together.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.inspection import permutation_importance
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)

from model_file import load
from project import METRICS, MODEL, REPORTS, TEST, Table, read_params, read_table, write_csv, write_json


def one_against_rest(
    target: pd.Series, probabilities: pd.DataFrame, positive: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Whether a row is of a class, and how probable the model says that is: the positive class, else each."""
    classes = list(probabilities.columns) if positive is None else [positive]
    truth = np.concatenate([(target == name).to_numpy(int) for name in classes])
    return truth, np.concatenate([probabilities[name].to_numpy() for name in classes])


def scores(target: pd.Series, probabilities: pd.DataFrame, positive: Any) -> dict[str, float]:
    """The numbers that gates and reports speak of."""
    predicted = probabilities.idxmax(axis=1)
    if positive is None:
        average = {"average": "macro"}
        roc_auc = roc_auc_score(target, probabilities, multi_class="ovr", labels=probabilities.columns)
    else:
        average = {"average": "binary", "pos_label": positive}
        roc_auc = roc_auc_score(target == positive, probabilities[positive])
    precision, recall, f1, _ = precision_recall_fscore_support(target, predicted, zero_division=0, **average)
    return {
        "accuracy": accuracy_score(target, predicted),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "roc_auc": roc_auc,
        "log_loss": log_loss(target, probabilities, labels=probabilities.columns),
    }


def write_plots(target: pd.Series, probabilities: pd.DataFrame, positive: Any) -> None:
    truth, score = one_against_rest(target, probabilities, positive)
    false_positives, true_positives, _ = roc_curve(truth, score)
    observed, predicted = calibration_curve(truth, score, n_bins=10, strategy="quantile")
    write_csv(REPORTS / "confusion.csv", {"actual": target, "predicted": probabilities.idxmax(axis=1)})
    write_csv(REPORTS / "roc.csv", {"fpr": false_positives, "tpr": true_positives})
    write_csv(REPORTS / "calibration.csv", {"predicted": predicted, "observed": observed})


def write_predictions(table: Table, probabilities: pd.DataFrame, positive: Any) -> None:
    """A line per test row.

    Of two classes, `y` and `predicted` are 1 for the positive one and `p` is its probability. Of several, `y` and
    `predicted` are classes and `p` is the probability of the predicted one.
    """
    target, predicted = table.target, probabilities.idxmax(axis=1)
    if positive is None:
        columns = {"y": target, "predicted": predicted, "p": probabilities.max(axis=1)}
    else:
        columns = {
            "y": (target == positive).astype(int),
            "predicted": (predicted == positive).astype(int),
            "p": probabilities[positive],
        }
    write_csv(REPORTS / "predictions.csv", {"id": table.ids, **columns})


def importance(model: Any, table: Table, options: dict[str, Any]) -> list[dict[str, Any]]:
    """By how much the log loss grows when a feature is shuffled; the most important one first."""
    measured = permutation_importance(
        model,
        table.features,
        table.target,
        scoring="neg_log_loss",
        n_repeats=options["importance_repeats"],
        random_state=options["seed"],
        n_jobs=1,
    )
    rows = zip(table.features.columns, measured.importances_mean, measured.importances_std, strict=True)
    ranked = sorted(rows, key=lambda row: -row[1])
    return [{"feature": name, "importance": mean, "sd": sd} for name, mean, sd in ranked]


def main() -> None:
    params = read_params()
    positive = params["data"].get("positive")
    table = read_table(TEST, params["data"]["id"], params["data"]["target"])
    model = load(MODEL)
    if positive is not None and positive not in model.classes_:
        known = ", ".join(map(str, model.classes_))
        raise SystemExit(f"params.yaml: data.positive: {positive!r} is none of {known}")
    probabilities = pd.DataFrame(model.predict_proba(table.features), columns=model.classes_)
    measured = scores(table.target, probabilities, positive)
    write_json(METRICS / "test.json", {"test": measured})
    write_plots(table.target, probabilities, positive)
    write_predictions(table, probabilities, positive)
    write_json(REPORTS / "importance.json", importance(model, table, params["evaluate"]))
    print(", ".join(f"{name} {value:.4f}" for name, value in measured.items()))


if __name__ == "__main__":
    main()
