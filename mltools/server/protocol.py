"""The Open Inference Protocol, version 2, over REST: tensors to rows and back.

https://github.com/kserve/open-inference-protocol. Two forms of input are read: one tensor for each column, of shape [n] or
[n, 1], under the column's name; and one tensor of shape [n, columns] for models whose columns are all numbers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .models import Answers, Loaded

PREDICT, SCORES = "predict", "predict_proba"
_DATATYPES = {
    "integer": "INT64",
    "number": "FP64",
    "boolean": "BOOL",
    "string": "BYTES",
    "category": "BYTES",
    "date": "BYTES",
    "datetime": "BYTES",
}
# In this order: Python's booleans are integers.
_PLAIN: Mapping[type, str] = {bool: "BOOL", int: "INT64", float: "FP64"}
_KNOWN = frozenset(
    "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split()  # noqa: SIM905 - a list to read
)
LARGEST = 1 << 24
MOST_DIMENSIONS = 8


class ProtocolError(ValueError):
    """A request that the protocol does not know, in words for the client."""


def metadata(loaded: Loaded, versions: Sequence[str]) -> dict[str, Any]:
    """What the protocol says of a model."""
    inputs = [
        {"name": name, "datatype": _DATATYPES.get(column.type or "", "BYTES"), "shape": [-1]}
        for name, column in loaded.contract.columns.items()
    ]
    outputs = [{"name": PREDICT, "datatype": _output_type(loaded), "shape": [-1]}]
    if loaded.scored and loaded.classes is not None:
        outputs.append({"name": SCORES, "datatype": "FP64", "shape": [-1, len(loaded.classes)]})
    return {
        "name": loaded.name,
        "versions": list(versions),
        "platform": "scikit-learn",
        "inputs": inputs,
        "outputs": outputs,
    }


def rows_of(tree: Any, loaded: Loaded) -> list[dict[str, Any]]:
    """The rows of an inference request. Raises ProtocolError."""
    if not isinstance(tree, dict):
        raise ProtocolError("the request is no object")
    inputs = tree.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise ProtocolError("inputs is no list of tensors")
    found: dict[str, list[Any]] = {}
    for tensor in inputs:
        name, shape, data = _tensor(tensor)
        if name in found:
            raise ProtocolError(f"the input {name!r} stands twice")
        if name not in loaded.contract.columns and len(shape) == 2 and len(inputs) == 1:  # noqa: PLR2004 - a table
            return _table(shape, data, loaded)
        if len(shape) > 1 and math.prod(shape[1:]) != 1:
            raise ProtocolError(f"the input {name!r} has the shape {shape}; a column has [n] or [n, 1]")
        found[name] = data
    counts = {len(data) for data in found.values()}
    if len(counts) > 1:
        raise ProtocolError(f"the inputs have different numbers of rows: {sorted(counts)}")
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def check_outputs(tree: Mapping[str, Any], loaded: Loaded) -> frozenset[str]:
    """The names of the outputs that are asked for; all of them where none is. Raises ProtocolError."""
    there = {PREDICT} | ({SCORES} if loaded.scored else set())
    asked = tree.get("outputs")
    if asked is None or asked == []:
        return frozenset(there)
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise ProtocolError("outputs is no list of objects")
    names = [one.get("name") for one in asked]
    for name in names:
        if not isinstance(name, str) or name not in there:
            raise ProtocolError(
                f"there is no output {str(name)[:100]!r}; there are: {', '.join(sorted(there))}"
            )
    return frozenset(str(name) for name in names)


def response(loaded: Loaded, answers: Answers, wanted: frozenset[str], request_id: str) -> dict[str, Any]:
    """The answer, as the protocol has it."""
    count = len(answers.predictions)
    outputs: list[dict[str, Any]] = []
    if PREDICT in wanted:
        kind = _output_type(loaded)
        outputs.append({"name": PREDICT, "shape": [count], "datatype": kind, "data": answers.predictions})
    if SCORES in wanted and answers.scores is not None and loaded.classes is not None:
        classes = [str(label) for label in loaded.classes]
        outputs.append(
            {
                "name": SCORES,
                "shape": [count, len(classes)],
                "datatype": "FP64",
                "data": [row[label] for row in answers.scores for label in classes],
                "parameters": {"classes": ",".join(classes)},
            }
        )
    return {
        "model_name": loaded.name,
        "model_version": loaded.version,
        "id": request_id,
        "outputs": outputs,
    }


def _tensor(tensor: Any) -> tuple[str, list[int], list[Any]]:
    if not isinstance(tensor, dict):
        raise ProtocolError("an input is no object")
    name, shape, kind = tensor.get("name"), tensor.get("shape"), tensor.get("datatype")
    if not isinstance(name, str) or not name:
        raise ProtocolError("an input has no name")
    shown = name[:100]
    if not isinstance(shape, list) or not 0 < len(shape) <= MOST_DIMENSIONS:
        raise ProtocolError(f"the input {shown!r} has no shape of 1 to {MOST_DIMENSIONS} numbers")
    if not all(type(one) is int and 0 <= one <= LARGEST for one in shape):
        raise ProtocolError(f"the input {shown!r} has a shape of other numbers than 0 to {LARGEST:,}")
    if not isinstance(kind, str) or kind not in _KNOWN:
        raise ProtocolError(f"the input {shown!r} has the unknown datatype {str(kind)[:40]!r}")
    data = _flat(tensor.get("data"), len(shape))
    if data is None:
        raise ProtocolError(
            f"the input {shown!r} has no data here; binary data are no part of the protocol over REST"
        )
    if math.prod(shape) != len(data):
        raise ProtocolError(f"the input {shown!r} has the shape {shape} and {len(data)} values")
    if kind.startswith(("INT", "UINT")) and not all(value is None or type(value) is int for value in data):
        raise ProtocolError(f"the input {shown!r} says {kind} and holds something else")
    return name, shape, data


def _flat(data: Any, depth: int) -> list[Any] | None:
    """The values of a tensor in row-major order, nested as its shape or flat already."""
    if not isinstance(data, list):
        return None
    for _ in range(depth - 1):
        if data and all(isinstance(one, list) for one in data):
            data = [value for one in data for value in one]
    return None if any(isinstance(one, list | dict) for one in data) else data


def _table(shape: list[int], data: list[Any], loaded: Loaded) -> list[dict[str, Any]]:
    count, width = shape
    names = loaded.features
    if width != len(names):
        raise ProtocolError(f"the model takes {len(names)} columns, the input has {width}")
    return [dict(zip(names, data[at * width : (at + 1) * width], strict=True)) for at in range(count)]


def _output_type(loaded: Loaded) -> str:
    if loaded.classes is None:
        return "FP64"
    first = loaded.classes[0] if loaded.classes else ""
    return next((kind for plain, kind in _PLAIN.items() if isinstance(first, plain)), "BYTES")
