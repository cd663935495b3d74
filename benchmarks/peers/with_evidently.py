"""Evidently's drift preset on two Parquet files: `REFERENCE CURRENT`. Prints the columns that it calls drifted, as JSON.

Run by an interpreter that has Evidently, with the pandas that it needs; it knows nothing of mltools.
"""

import json
import sys
import warnings

import pandas as pd

warnings.simplefilter("ignore")

from evidently import Report  # noqa: E402 - it warns while it is imported
from evidently.presets import DataDriftPreset  # noqa: E402

reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
snapshot = Report([DataDriftPreset()]).run(current, reference)
found = []
for metric in json.loads(snapshot.json())["metrics"]:
    config = metric.get("config", {})
    if config.get("type", "").endswith("ValueDrift"):
        method, threshold, value = config["method"], config["threshold"], float(metric["value"])
        # Of a p value the small ones are drift, of a distance the large ones.
        if value < threshold if "p_value" in method else value >= threshold:
            found.append(config["column"])
print(json.dumps({"drifted": sorted(found)}))
