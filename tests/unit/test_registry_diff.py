"""Two versions side by side: what is told of contracts that a record holds only in part, or not well."""

from dataclasses import replace

from mltools.core.registry_diff import compared, contract_changes, diff_lines, diff_tree
from mltools.core.release_terms import DataContract
from tests.unit.test_release_record import RECORD

COLUMN = {"name": "x", "type": "number", "role": "feature"}
HELD = replace(RECORD, contracts=(DataContract("data.csv", input=(COLUMN,)),))


def plain(word: str, colour: str) -> str:  # noqa: ARG001 - the signature of a painter
    return word


def test_a_version_beside_itself_differs_in_nothing() -> None:
    comparison, changes = compared(HELD, HELD), contract_changes(HELD, HELD)
    assert changes == ()
    kinds = [one.kind for one in (*comparison.metrics, *comparison.params)]
    kinds += [one.kind for one in comparison.files]
    assert set(kinds) == {"same"}
    text = "\n".join(diff_lines(comparison, changes, plain))
    assert "unchanged: " in text
    assert "contract" not in text


def test_a_column_that_is_gone_breaks() -> None:
    without = replace(HELD, contracts=(DataContract("data.csv", input=({"name": "y", "type": "number"},)),))
    changes = contract_changes(HELD, without)
    assert changes[0].kind == "breaking"
    assert changes[0].text == "data.csv: column 'x' was removed"
    tree = diff_tree("m", ("v1.0.0", "v2.0.0"), compared(HELD, without), changes)
    assert tree["contract"][0] == {"kind": "breaking", "text": "data.csv: column 'x' was removed"}


def test_what_a_record_does_not_hold_whole_is_not_compared() -> None:
    part = replace(HELD, contracts=(DataContract("data.csv", input=(COLUMN,), more=3),))
    (change,) = contract_changes(HELD, part)
    assert change.text == "data.csv: cannot be compared: 3 of its columns did not fit the record"
    odd = replace(HELD, contracts=(DataContract("data.csv", input=({"name": "x", "type": "colour"},)),))
    (change,) = contract_changes(odd, HELD)
    assert change.text.startswith("data.csv: cannot be compared: ")


def test_a_data_set_that_is_new_adds() -> None:
    more = replace(HELD, contracts=(*HELD.contracts, DataContract("more.csv", input=(COLUMN,))))
    assert [(one.kind, one.text) for one in contract_changes(HELD, more)] == [
        ("additive", "more.csv: the data set is new")
    ]
