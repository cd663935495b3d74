"""What is particular to classification: the kinds of models, how rows are folded, what is scored."""

from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

KINDS: dict[str, type[ClassifierMixin]] = {
    "logistic_regression": LogisticRegression,
    "random_forest": RandomForestClassifier,
    "hist_gradient_boosting": HistGradientBoostingClassifier,
}

# These want features of one scale.
SCALED = {"logistic_regression"}

# By scikit-learn's names; both hold for two classes and for more.
SCORES = {"accuracy": "accuracy", "roc_auc": "roc_auc_ovr", "log_loss": "neg_log_loss"}


def folds(count: int, seed: int) -> StratifiedKFold:
    """Folds that each hold the classes in the proportion of the whole."""
    return StratifiedKFold(count, shuffle=True, random_state=seed)
