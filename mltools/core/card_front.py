"""The front matter of a model card, as hubs read it: Hugging Face's fields, in YAML that every reader takes alike.

Texts stand in double quotes and numbers have a point, so that YAML 1.1 and 1.2 agree on them.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mltools.core.card_policy import ModelCard
from mltools.core.markdown import clean
from mltools.core.release_record import ReleaseRecord

MOST_METRICS = 100
# https://huggingface.co/docs/hub/repositories-licenses: any other one is `other` with a name of its own.
LICENSES = frozenset(
    """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
    afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0
    lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl mpl-2.0 odc-by odbl openmdw-1.0 openrail++
    osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl
    """.split()  # noqa: SIM905 - a list of these would be a page
)
_SPDX_ENDINGS = ("-only", "-or-later")
_LIBRARIES = {".skops": "sklearn", ".keras": "keras", ".onnx": "onnx"}
_CENTRES, _SPREADS = frozenset({"mean", "median"}), frozenset({"sd", "std", "stdev", "stddev", "sem", "var"})
_CLASSES = frozenset({"string", "category", "boolean"})


def front_matter(record: ReleaseRecord, policy: ModelCard) -> str:
    """The block between `---` and `---` at the top of a card."""
    return "---\n" + "\n".join(_block(_tree(record, policy), 0)) + "\n---\n"


def _tree(record: ReleaseRecord, policy: ModelCard) -> dict[str, Any]:
    task = policy.task or _task(record)
    scores = [
        (name, value)
        for name, value in record.metrics.items()
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        # How far scores scatter is no score: a hub would show it as one.
        and name.rpartition(".")[2] not in _SPREADS
    ][:MOST_METRICS]
    tree: dict[str, Any] = {
        "language": list(policy.language),
        **_license(policy),
        "library_name": policy.library or _LIBRARIES.get(_suffix(record.file.path)),
        "pipeline_tag": task,
        "tags": list(dict.fromkeys((*policy.tags, "mltools"))),
        "metrics": list(dict.fromkeys(_kind(name) for name, _ in scores)),
        "model_name": clean(record.model),
        "version": clean(record.version),
    }
    if task is not None and scores and record.data:
        tree["model-index"] = [{"name": clean(record.model), "results": [_result(record, task, scores)]}]
    return {key: value for key, value in tree.items() if value not in (None, [])}


def _result(record: ReleaseRecord, task: str, scores: Sequence[tuple[str, float]]) -> dict[str, Any]:
    first = record.data[0]
    data = {"name": clean(first.path), "type": clean(first.path)}
    return {
        "task": {"type": task},
        "dataset": {**data, "revision": first.md5} if first.md5 else data,
        "metrics": [{"type": _kind(name), "name": clean(name), "value": value} for name, value in scores],
    }


def _license(policy: ModelCard) -> dict[str, Any]:
    if policy.license is None:
        return {}
    name = policy.license.lower()
    for ending in _SPDX_ENDINGS:
        name = name.removesuffix(ending)
    if name in LICENSES:
        return {"license": name}
    link = {"license_link": policy.license_link} if policy.license_link else {}
    return {"license": "other", "license_name": policy.license.lower(), **link}


def _task(record: ReleaseRecord) -> str | None:
    """What the model answers, as the data contract says it: a class or a number in a table."""
    kinds = {column.get("type") for contract in record.contracts for column in contract.output}
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if any(column.get("enum") for contract in record.contracts for column in contract.output):
        return "tabular-classification"
    if kind in _CLASSES:
        return "tabular-classification"
    # A whole number may be a class or an amount: only people know.
    return "tabular-regression" if kind == "number" else None


def _kind(name: str) -> str:
    """The metric without where it was measured: `test.roc_auc` is a roc_auc, and so is `cv.roc_auc.mean`."""
    parts = [part for part in name.rpartition(":")[2].split(".") if part]
    if len(parts) > 1 and parts[-1] in _CENTRES:
        parts.pop()
    return clean(parts[-1] if parts else name)


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2]
    return f".{name.rpartition('.')[2]}" if "." in name else ""


def _block(tree: Mapping[str, Any], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{pad}{key}:"
            yield from _block(value, depth + 1)
        elif isinstance(value, list):
            yield f"{pad}{key}:"
            for item in value:
                if isinstance(item, Mapping):
                    first, *rest = _block(item, depth + 1)
                    yield f"{pad}- {first.lstrip()}"
                    yield from rest
                else:
                    yield f"{pad}- {_scalar(item)}"
        else:
            yield f"{pad}{key}: {_scalar(value)}"


def _scalar(value: str | float) -> str:
    if isinstance(value, float):
        text = repr(value)
        # 1e-05 is a text to YAML 1.1.
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return json.dumps(value, ensure_ascii=False)
