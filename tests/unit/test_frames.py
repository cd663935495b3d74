"""Predictions as they are read from a file."""

import numpy as np
import pytest

from mltools.edges import frames

TEXT = "id,y,predicted,p\n1,NA,None,0.5\n2,null,n/a,NaN\n3,b,,nan\n"


@pytest.mark.parametrize(("name", "delimiter"), [("x.csv", ","), ("x.tsv at 12345678", "\t")])
def test_a_class_may_be_called_what_pandas_takes_for_a_gap(name: str, delimiter: str) -> None:
    table = frames.read(TEXT.replace(",", delimiter).encode(), name)
    target, label, score = frames.columns(table, ("y", "predicted", "p"), name)
    assert list(target) == ["NA", "null", "b"]
    assert list(label[:2]) == ["None", "n/a"]
    assert label[2] != label[2]  # a gap
    assert score.dtype == np.float64
    assert list(np.isnan(score)) == [False, True, True]
