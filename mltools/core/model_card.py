"""MODEL_CARD.md: what a version is for, what it was made from, how good it is and where it fails. Pure text out of records."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mltools.core import profile_table
from mltools.core.card_front import front_matter
from mltools.core.card_policy import NOTHING_SAID, ModelCard
from mltools.core.markdown import clean, code, details, escape, fence, table
from mltools.core.metrics import Scalar, number
from mltools.core.profile import Profile
from mltools.core.records import Record
from mltools.core.release_record import ReleaseRecord
from mltools.core.release_terms import sentences
from mltools.core.report import environment, gates, rows, slices
from mltools.core.report.facts import shown, signed
from mltools.core.report.metrics import span
from mltools.core.verdict import Outcome

MOST_ROWS = 200
MOST_COLUMNS = 60
LONGEST = 5_000
SHORT = 10
UNSAID = "Nobody has said so far: `model_card.{key}` in mltools.yaml is the place."


@dataclass(frozen=True, slots=True)
class Change:
    """A commit since the version before: its id and the first line of its message."""

    commit: str
    subject: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a card is made from. `run` is None where the journal does not hold it.

    `before` is the record of the version before; `commits` are the newest since then, of `total`, None where this clone
    cannot tell. `lineage` is a fenced diagram.
    """

    record: ReleaseRecord
    policy: ModelCard = NOTHING_SAID
    run: Record | None = None
    before: ReleaseRecord | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    commits: Sequence[Change] = ()
    total: int | None = None
    lineage: str | None = None


def render(card: Card) -> str:
    """The whole file: front matter for hubs, then Markdown for people."""
    sections = (
        ("Intended use", _use(card)),
        ("Limits", _limits(card)),
        ("Use it", _get(card)),
        ("Metrics", _metrics(card)),
        ("Gates", _gates(card)),
        ("Data", _data(card)),
        ("Training", _training(card)),
        ("Lineage", card.lineage),
        (f"Changes since {escape(card.record.previous)}", _changes(card)),
    )
    parts = [_head(card), *(f"## {title}\n\n{text}" for title, text in sections if text)]
    return front_matter(card.record, card.policy) + "\n" + "\n\n".join(parts) + "\n"


def _head(card: Card) -> str:
    record = card.record
    file = record.file
    facts = [
        ("Verdict", escape(record.verdict)),
        ("Run", f"{code(record.run)} of commit {record.commit}"),
        ("File", f"{code(file.path)}, {file.size:,} bytes"),
        ("SHA-256 of the list of files" if file.is_dir else "SHA-256", code(file.sha256)),
        ("MD5 (DVC)", code(file.md5)),
    ]
    if card.policy.license:
        facts.append(("Licence", escape(card.policy.license)))
    if card.policy.contact:
        facts.append(("Contact", escape(card.policy.contact, limit=500)))
    said = f"# {escape(record.model)} {escape(record.version)}\n\n{escape(record.reason, limit=LONGEST)}"
    return f"{said}\n\n{table(('', ''), facts)}"


def _use(card: Card) -> str:
    said = _words(card.policy.intended_use) or UNSAID.format(key="intended_use")
    out = _words(card.policy.out_of_scope)
    return f"{said}\n\n**Not for this:** {out}" if out else said


def _limits(card: Card) -> str:
    """What people say, and what the run itself shows: overridden gates, what nobody could decide, warnings."""
    found = [_words(limit).replace("\n\n", " ") for limit in card.policy.limits] or [
        UNSAID.format(key="limits")
    ]
    found += [
        f"Gate {escape(one.gate)} failed and was overridden by {escape(one.by)} (commit {one.commit[:SHORT]}): "
        f"{escape(one.reason, limit=LONGEST)}"
        for one in card.record.overrides
    ]
    if card.run is not None:
        found += [
            f"Gate {escape(gate.name)} could not be decided: {escape(gate.reason, limit=500)}"
            for gate in card.run.gates
            if gate.outcome is Outcome.UNDECIDED
        ]
        found += [escape(warning, limit=500) for warning in card.run.warnings]
    return "\n".join(f"- {one}" for one in found)


def _get(card: Card) -> str:
    named = shlex.quote(clean(f"{card.record.model}@{card.record.version}"))
    said = [escape(line, limit=1_000) for line in sentences(card.record.contracts)]
    return "\n\n".join([fence(f"mltools model get {named}\nmltools model verify {named}", "console"), *said])


def _metrics(card: Card) -> str | None:
    """Each metric with that of the version before; intervals and noise as the run's gates found them."""
    record, before = card.record, card.before.metrics if card.before is not None else {}
    if not record.metrics:
        return None
    known = {row.name: row for row in rows.rows(card.run)} if card.run is not None else {}
    intervals = any(row.interval or row.noise is not None for row in known.values())
    header = ["Metric", *([escape(record.previous)] if before else []), escape(record.version)]
    header += ["Change"] if before else []
    header += ["Against the run's base", "Noise (sd between seeds)"] if intervals else []
    body = []
    for name, value in list(record.metrics.items())[:MOST_ROWS]:
        row = known.get(name)
        cells = [code(name), *([escape(shown(before.get(name)))] if before else []), escape(shown(value))]
        cells += [_moved(before.get(name), value)] if before else []
        if intervals:
            interval = row.interval if row is not None else None
            noise = row.noise if row is not None else None
            cells += ["" if interval is None else span(interval), "" if noise is None else f"{noise:.3g}"]
        body.append(cells)
    return table(header, body, right=range(1, len(header) - (2 if intervals else 0)))


def _gates(card: Card) -> str | None:
    if card.run is None:
        return None
    parts = (gates.render(card.run), slices.render(card.run), slices.render_fairness(card.run))
    return "\n\n".join(part for part in parts if part) or None


def _data(card: Card) -> str | None:
    if not card.record.data:
        return None
    of_run = {data.path: data for data in card.run.data} if card.run is not None else {}
    body = []
    for data in card.record.data:
        seen = of_run.get(data.path)
        body.append(
            (
                code(data.path),
                "" if seen is None or seen.rows is None else f"{seen.rows:,}",
                "" if seen is None or seen.bytes is None else f"{seen.bytes:,}",
                code(data.md5) if data.md5 else "",
                code(data.contract) if data.contract else "",
                escape(seen.outcome.value) if seen is not None else "",
            )
        )
    right = (1, 2)
    parts = [table(("Data", "Rows", "Bytes", "MD5", "Contract", "Holds"), body[:MOST_ROWS], right=right)]
    parts += [_profile(path, profile) for path, profile in card.profiles.items()]
    return "\n\n".join(parts)


def _profile(path: str, profile: Profile) -> str:
    cells = profile_table.cells(profile)
    header = [word.capitalize() for word in profile_table.HEADER[:-1]]
    shown_rows = [[escape(cell) for cell in row] for row in cells[:MOST_COLUMNS]]
    body = table(header, shown_rows, right=profile_table.RIGHT)
    more = f"\n\n... and {len(cells) - MOST_COLUMNS:,} more columns" if len(cells) > MOST_COLUMNS else ""
    return details(f"Columns of {code(path)}", body + more)


def _training(card: Card) -> str:
    record, parts = card.record, []
    if card.run is not None:
        facts = [(escape(name), code(value)) for name, value in environment.facts(card.run)]
        if card.run.environment.lock_md5:
            facts.append(("Requirements (MD5)", code(card.run.environment.lock_md5)))
        ran = sum(stage.state == "ran" for stage in card.run.stages)
        facts.append(("Seconds", f"{card.run.seconds:,.1f}, with {ran} of {len(card.run.stages)} stages run"))
        parts.append(table(("Environment", ""), facts))
    if record.params:
        body = [(code(name), code(shown(value))) for name, value in list(record.params.items())[:MOST_ROWS]]
        parts.append(table(("Param", "Value"), body))
    parts.append(
        f"Commit {record.commit}, `dvc.lock` with MD5 {code(record.lock_md5)}, mltools {escape(record.mltools)}."
    )
    return "\n\n".join(parts)


def _changes(card: Card) -> str | None:
    if card.record.previous is None:
        return None
    parts = [*_commits(card)]
    if card.before is not None:
        parts += _differences("Param", card.before.params, card.record.params)
        old = {data.path: data.md5 for data in card.before.data}
        new = {data.path: data.md5 for data in card.record.data}
        parts += _differences("Data (MD5)", old, new)
    return "\n\n".join(parts)


def _commits(card: Card) -> Iterator[str]:
    if card.total is None:
        yield "Which commits lie between the two cannot be told in this clone."
        return
    lines = [f"- {one.commit[:SHORT]} {escape(one.subject)}" for one in card.commits]
    if card.total > len(card.commits):
        lines.append(f"- and {card.total - len(card.commits):,} more")
    yield "\n".join(lines) or "No commit of this project."


def _differences(what: str, old: Mapping[str, Scalar], new: Mapping[str, Scalar]) -> Iterator[str]:
    names = [name for name in dict.fromkeys((*new, *old)) if old.get(name) != new.get(name)]
    if names:
        body = [(code(name), _value(old.get(name)), _value(new.get(name))) for name in names[:MOST_ROWS]]
        yield table((what, "Before", "Now"), body)


def _value(value: Scalar) -> str:
    return "" if value is None else code(shown(value))


def _moved(before: Scalar, after: Scalar) -> str:
    old, new = number(before), number(after)
    return "" if old is None or new is None else signed(new - old)


def _words(text: str | None) -> str:
    """Plain text of several paragraphs."""
    paragraphs = (text or "").replace("\r\n", "\n").split("\n\n")
    return "\n\n".join(escape(one, limit=LONGEST) for one in paragraphs if one.strip())
