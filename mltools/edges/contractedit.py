"""The text of a contract after it was inferred again: what changed is edited, all that a person wrote stays as it is."""

from mltools.core.contract_merge import Edit, Merge, rules
from mltools.core.inference import Inferred
from mltools.edges.contracttext import entry
from mltools.edges.yamledit import Document, Drop, Entry, Put, Remark
from mltools.edges.yamledit import Edit as TextEdit
from mltools.edges.yamltext import comment, flow

GAPS = ("missing_values",)


def edited(
    before: bytes, merged: Merge, inferred: Inferred, *, name: str, fresh: bytes, known: bytes | None
) -> bytes:
    """The contract's file with the edits made. `fresh` is the whole text as inferred now, `known` that of last time.

    Where a person left a line as it was inferred, comment and all, it becomes the line that is inferred now.
    """
    mine = Document(before, name)
    if known is None:
        return mine.edited([_text_edit(edit, inferred, mine) for edit in merged.edits])
    base = Document(known, name)
    whole, remarks = _untouched(mine, base, merged, inferred)
    edits = [
        _text_edit(edit, inferred, mine)
        for edit in merged.edits
        if not (len(edit.path) == 3 and edit.path[1] in whole)  # noqa: PLR2004 - a rule of a column
    ]
    head = mine.head()
    again = Document(fresh, name).head() if head and base.head().endswith(head) else None
    return mine.edited([*edits, *whole.values(), *remarks], head=again)


def _untouched(
    mine: Document, base: Document, merged: Merge, inferred: Inferred
) -> tuple[dict[str, Entry], list[Remark]]:
    """The columns whose lines are written anew, and those of which only the comment is."""
    whole: dict[str, Entry] = {}
    remarks: list[Remark] = []
    for name, column in inferred.contract.columns.items():
        path = ("columns", name)
        there, evidence = mine.entry(path), inferred.evidence[name]
        if there is None or name not in merged.contract.columns:
            continue
        if there == base.entry(path) and merged.contract.columns[name] == column:
            said = rules(column)
            whole[name] = Entry(path, entry(name, said, evidence), flow(said))
        elif mine.remark(path) == base.remark(path) not in {None, comment(evidence)}:
            remarks.append(Remark(path, comment(evidence)))
    return whole, remarks


def _text_edit(edit: Edit, inferred: Inferred, mine: Document) -> TextEdit:
    path, new = edit.path, edit.new
    if new is None or (path == GAPS and new == [""]):
        return Drop(path)
    if path == GAPS:
        return Entry(
            path, f"{path[0]}: {flow(new)}", flow(new), "rows" if mine.entry(("rows",)) else "schema"
        )
    if len(path) == 2 and path[0] == "columns":  # noqa: PLR2004 - a whole column
        lines = entry(path[1], new, inferred.evidence.get(path[1]))
        return Entry(path, lines, flow(new), edit.after, first=edit.after is None)
    return Put(path, flow(new))
