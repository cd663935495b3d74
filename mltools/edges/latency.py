"""How long single predictions of a model take, measured in a process of its own that loads the model.

Called as a program (`python -m mltools.edges.latency MODEL ROWS [TYPE...]`) it prints the times as JSON. A model in skops
format holds data and no code; one that asks for types which neither skops trusts nor are named is not loaded.
"""

import json
import math
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mltools.core.serving import REVIEWED
from mltools.edges import process
from mltools.errors import DataError

MOST_ROWS = 200
WARM_UP = 5


def measure(
    model: Path, rows: Path, *, environ: Mapping[str, str], types: Collection[str] = ()
) -> tuple[float, ...]:
    """Milliseconds of each single prediction on the first rows, sorted. Raises DataError when that cannot be done.

    What may be loaded is what may be served: `types` are those that the project has looked at (serve.types).
    """
    for path in (model, rows):
        if not path.is_file():
            raise DataError(f"{path.name}: no such file here, so no latency can be measured")
    argv = (
        sys.executable,
        "-m",
        "mltools.edges.latency",
        str(model),
        str(rows),
        *sorted({*REVIEWED, *types}),
    )
    done = process.run(*argv, env=dict(environ), check=False)
    if done.returncode:
        said = done.errors.strip().splitlines()
        raise DataError(f"{model.name}: its latency cannot be measured: {said[-1] if said else 'no answer'}")
    return tuple(sorted(float(value) for value in json.loads(done.text)))


def quantile(times: tuple[float, ...], share: float) -> float:
    """The smallest time that at least this share of the sorted times does not exceed."""
    return times[min(len(times), max(1, math.ceil(share * len(times)))) - 1]


def _times(model_path: str, rows_path: str, *trusted: str) -> list[float]:
    # Loaded here: only the process that measures needs them.
    import pandas as pd  # noqa: PLC0415
    import skops.io  # noqa: PLC0415

    content = Path(model_path).read_bytes()
    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(trusted))
    if unknown:
        raise ValueError(
            f"it asks for types that nobody reviewed: {', '.join(unknown[:5])}; look at what they are, then name them "
            "in serve.types of mltools.yaml"
        )
    model: Any = skops.io.loads(content, trusted=list(trusted))
    table = pd.read_csv(rows_path, nrows=MOST_ROWS)
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise ValueError("it does not tell the names of its features (fit it on a data frame)")
    missing = [str(name) for name in names if name not in table.columns]
    if missing:
        raise ValueError(f"{rows_path} lacks its features {', '.join(missing[:5])}")
    if table.empty:
        raise ValueError(f"{rows_path} holds no rows")
    features = table[list(names)]
    for index in range(WARM_UP):
        model.predict(features.iloc[[index % len(features)]])
    times = []
    for index in range(len(features)):
        row = features.iloc[[index]]
        begun = time.perf_counter()
        model.predict(row)
        times.append((time.perf_counter() - begun) * 1000)
    return times


if __name__ == "__main__":
    try:
        print(json.dumps(_times(*sys.argv[1:])))  # noqa: T201 - its answer
    except Exception as error:  # noqa: BLE001 - whatever a model or a file does, its last line is the reason
        sys.exit(f"{type(error).__name__}: {error}")
