"""Statistics of two models on one test set: values in, values out, and the same values for the same seed.

Nothing is imported here, so that a command that compares numbers does not pay for numpy. The way through: `paired.join`
two sets of predictions, `difference.difference` of a metric from `metrics.METRICS`, `decide.decide_all`.
"""
