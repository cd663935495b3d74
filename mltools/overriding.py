"""Overrides that hold for a run: found in its commits and in earlier records, proved by a signature or by the forge."""

from collections.abc import Iterator, Mapping, Sequence

from mltools import ci, journal, reusing
from mltools.baseline import Baseline
from mltools.core import overrides
from mltools.core.config import Person
from mltools.core.overrides import Claim
from mltools.core.verdict import Override, Verdict
from mltools.edges import documents, files
from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.edges.git.signing import Keys, signer
from mltools.edges.git.write import Writer
from mltools.errors import MltoolsError
from mltools.project import Project

MOST_COMMITS = 500
ANSWERS = "cache/forge-says.json"


def apply(
    project: Project,
    verdicts: Sequence[Verdict],
    against: Baseline,
    inputs: str | None,
    environ: Mapping[str, str],
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """The verdicts with what somebody rightly took on themselves, and a warning for each claim that does not hold.

    The list of people is the base's: nobody can put themselves on it. A claim speaks of exact inputs, and uncommitted
    changes have none (`inputs` is None).
    """
    if inputs is None or not any(verdict.fails for verdict in verdicts):
        return tuple(verdicts), ()
    claims = overrides.relevant(_claims(project, against, inputs, environ), verdicts, inputs)
    known = _forge_says(project) if claims else {}
    policy = against.policy
    allowed = {} if policy is None else {name: policy.people[name] for name in policy.overrides.by}
    held: dict[str, Override] = {}
    warnings = []
    for item in claims:
        if item.gate in held:
            continue
        found = _proved(project.repository, item, allowed, known)
        if found is None:
            warnings.append(overrides.refusal(item, allowed))
        else:
            by, how = found
            held[item.gate] = Override(by, item.reason, item.commit, how)
    return overrides.applied(verdicts, held), tuple(warnings)


def _claims(project: Project, against: Baseline, inputs: str, environ: Mapping[str, str]) -> Iterator[Claim]:
    """What the run's own commits claim; then what earlier runs of the same inputs rest on, as after a squash merge."""
    repository = project.repository
    seen = set()
    for commit, text in _messages(repository, "HEAD", *([f"^{against.base.commit}"] if against.base else [])):
        seen.add(commit)
        if (found := overrides.claim(commit, text)) is not None:
            yield found
    for record in journal.of_inputs(repository, inputs):
        for gate in record.gates:
            if gate.override is None or gate.override.commit in seen:
                continue
            seen.add(gate.override.commit)
            message = _message(repository, gate.override.commit, environ)
            if message is not None and (found := overrides.claim(gate.override.commit, message)) is not None:
                yield found


def _messages(repository: Repository, *revs: str) -> Iterator[tuple[str, str]]:
    """The messages of the commits that the revisions reach, newest first."""
    shape = "--format=%H%x00%B%x00"
    asked = ("log", shape, "-z", f"--max-count={MOST_COMMITS}", "--end-of-options", *revs, "--")
    done = plumbing.git(repository.cwd, *asked, check=False)
    fields = done.text.split("\0")
    for at in range(0, len(fields) - 2, 3):  # id, message, and what -z ends a commit with
        yield fields[at], fields[at + 1]


def _message(repository: Repository, commit: str, environ: Mapping[str, str]) -> str | None:
    """The message of one commit, fetched when it is not here: a squashed branch leaves its commits to the forge."""
    if repository.resolve(commit) is None:
        if "origin" not in repository.remotes():
            return None
        try:
            Writer(repository, environ).fetch("origin", commit)
        except MltoolsError:
            return None
    found = dict(_messages(repository, commit, f"^{commit}^@")) if repository.resolve(commit) else {}
    return found.get(commit)


def _proved(
    repository: Repository, item: Claim, allowed: Mapping[str, Person], known: Mapping[str, str]
) -> tuple[str, str] | None:
    """Which of the people made the commit, and what proves it."""
    keys = {name: Keys(person.ssh, person.gpg) for name, person in allowed.items()}
    by = signer(repository, item.commit, keys)
    if by is not None:
        return by, "signature"
    login = known.get(item.commit, "").lower()
    by = next(
        (name for name, person in allowed.items() if login and (person.github or "").lower() == login), None
    )
    return None if by is None else (by, "GitHub")


def ask_forge(project: Project, against: Baseline, environ: Mapping[str, str]) -> dict[str, str]:
    """Ask the forge who made the commits that claim overrides, and keep its answers for the run that follows.

    So the run itself, which starts the project's code, needs no token. Without a token, or without claims, what was
    kept before is removed: a file that somebody committed there must not speak for the forge. Raises ProviderError
    when the forge does not answer.
    """
    path = project.work_dir / ANSWERS
    files.remove(path)
    head = project.repository.head()
    inputs = None if head is None else reusing.inputs_of(project, head)
    claims = (
        []
        if inputs is None
        else [item for item in _claims(project, against, inputs, environ) if item.inputs == inputs]
    )
    provider = ci.detect(environ)
    forge = provider.connect(environ) if provider is not None and claims else None
    if forge is None:
        return {}
    found = {item.commit: forge.verified_author(item.commit) or "" for item in claims}
    files.write_atomic(path, documents.write_json(found))
    return found


def _forge_says(project: Project) -> dict[str, str]:
    try:
        found = documents.read_json(files.read_bytes(project.work_dir / ANSWERS), ANSWERS)
    except MltoolsError:
        return {}
    return (
        {key: value for key, value in found.items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )
