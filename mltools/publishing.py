"""A run's report where people look: on its pull requests, beside its commit, on the page of the CI run.

Posting never decides. What cannot be posted is said, the report is left in a file and on the run's page, and the
verdict stays what it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mltools.ci import sticky
from mltools.ci.annotations import Locate, annotations, nowhere
from mltools.ci.fitting import byte_size, utf16_size
from mltools.ci.provider import CommitStatus, Forge, Provider, PullRequest, State
from mltools.ci.sticky import Act, Create, Delete, Update
from mltools.core import report
from mltools.core.context import Context
from mltools.core.markdown import clean
from mltools.core.records import GateResult, Record, parse_record
from mltools.core.report.around import NOTHING, Around
from mltools.core.report.facts import summarise
from mltools.core.verdict import Outcome, overall
from mltools.edges import documents, files
from mltools.errors import DataError, MltoolsError, ProviderError, UsageError
from mltools.journal import RECORD_FILE

REPORT_FILE = "report.md"
STATUS_LIMIT = 140
PAGE_LIMIT = 1_000_000  # bytes; a step of GitHub's may show 1 MiB, and drops the whole of what is longer
STATES: Mapping[Outcome, State] = {
    Outcome.PASSED: "success",
    Outcome.FAILED: "failure",
    # A commit status knows nothing between yes and no; the description says "undecided".
    Outcome.UNDECIDED: "success",
    Outcome.SKIPPED: "error",
}
FORK_NOTE = "<sub>Computed by the pull request's own code, in a run without any secrets.</sub>"


@dataclass(frozen=True, slots=True)
class Posting:
    """A report to be posted; `untrusted` says that the record was made by a stranger's pull request.

    `pulls` are the pull requests that it may go to, where they are known; a forge may take a while to find a new one.
    """

    record: Record
    context: Context
    provider: Provider | None
    environ: Mapping[str, str] = field(repr=False)  # it holds the token
    directory: Path
    say: Callable[[str], None]
    warn: Callable[[str], None]
    untrusted: bool = False
    dry_run: bool = False
    around: Around = NOTHING
    locate: Locate = nowhere
    pulls: tuple[PullRequest, ...] | None = None

    @property
    def key(self) -> str:
        return self.record.project

    @property
    def shown(self) -> Record:
        """The record as it is shown. Of a stranger's, nothing that could be text or a link of their choice is kept."""
        if not self.untrusted:
            return self.record
        # Nor does a stranger's run say who took a failed gate on themselves.
        gates = tuple(gate.model_copy(update={"override": None}) for gate in self.record.gates)
        holds = all(data.outcome is not Outcome.FAILED for data in self.record.data)
        ours = {
            "url": self.context.url,
            "branch": self.context.branch,
            "gates": gates,
            "verdict": overall(gates, data_holds=holds),
            "extras": (),
            "images": (),
        }
        plain = self.record.model_copy(update=ours)
        return plain.model_copy(update={"summary": summarise(plain)})


def load_record(directory: Path) -> Record:
    """The record that a run left in a directory. Raises DataError or ConfigError when it cannot be read."""
    path = directory / RECORD_FILE
    try:
        content = files.read_bytes(path)
    except DataError as error:
        raise DataError(
            f"no run to report on: {error.message}",
            hint="`mltools run` leaves one in .mltools; name another directory with --run",
        ) from error
    return parse_record(documents.read_json(content, str(path)), str(path))


def post(posting: Posting) -> bool:
    """Show the report wherever it can be shown; False when a part of it could not be posted.

    Raises UsageError or DataError when an untrusted record does not belong to the event that it came with.
    """
    if posting.untrusted:
        require_match(posting.record, posting.context)
    shown = report.render(posting.shown, limit=PAGE_LIMIT, size=byte_size, around=posting.around)
    on_page = _show_on_page(posting, shown)
    complete = _post_to_forge(posting)
    if not complete and not posting.dry_run:
        path = posting.directory / REPORT_FILE
        files.write_atomic(path, shown)
        posting.say(f"the report is in {path}" + (" and on the page of the run" if on_page else ""))
    return complete


def require_match(record: Record, context: Context) -> None:
    """A record that a stranger made counts for the commit of the event only. Raises UsageError or DataError."""
    if context.trigger != "workflow_run":
        raise UsageError(
            f"--untrusted needs a workflow_run event, this is {context.trigger!r}",
            hint="`mltools workflow generate` writes the workflow that it is meant for",
        )
    if context.head is None or context.branch is None:
        raise DataError("the workflow_run event names no head commit and branch; nothing can be posted")
    if record.commit != context.head:
        raise DataError(
            f"refused: the result speaks of commit {record.commit[:8]}, the run was for {context.head[:8]}"
        )


def aim(
    found: Sequence[PullRequest], *, commit: str, repository: str
) -> tuple[tuple[PullRequest, ...], tuple[str, ...]]:
    """The pull requests that a report on `commit` goes to, and a remark on each of the others."""
    wanted, remarks = [], []
    for pull in found:
        name = f"pull request #{pull.number}"
        if pull.base_repository.lower() != repository.lower():
            remarks.append(f"{name} belongs to {clean(pull.base_repository)}; nothing is posted there")
        elif pull.state != "open":
            remarks.append(f"{name} is closed; nothing is posted there")
        elif pull.head_sha != commit:
            remarks.append(f"{name} has moved on to {pull.head_sha[:8]}; its report is left alone")
        else:
            wanted.append(pull)
    return tuple(wanted), tuple(remarks)


def comment_body(posting: Posting) -> str:
    """The whole text of the comment, within what a comment takes."""
    note = FORK_NOTE if posting.untrusted else ""
    room = sticky.room(posting.key, note)
    text = report.render(posting.shown, limit=room, size=utf16_size, around=posting.around)
    return sticky.body_of(posting.key, text, note=note)


def status_of(posting: Posting) -> CommitStatus:
    """The verdict as a commit status, named after the project when the repository holds several."""
    record = posting.shown
    url = record.url or posting.context.url
    return CommitStatus(
        context="mltools" if record.project == "." else f"mltools/{clean(record.project)}",
        state=STATES[record.verdict],
        description=clean(record.summary, limit=STATUS_LIMIT),
        url=url if url and url.startswith(("https://", "http://")) else None,
    )


def statuses_of(posting: Posting) -> tuple[CommitStatus, ...]:
    """The run's status, and one for each group that gates name, so that a branch rule may ask for that group."""
    whole = status_of(posting)
    grouped: dict[str, list[GateResult]] = {}
    for gate in posting.shown.gates:
        if gate.group is not None:
            grouped.setdefault(gate.group, []).append(gate)
    return (whole, *(_group_status(whole, name, gates) for name, gates in grouped.items()))


def _group_status(whole: CommitStatus, name: str, gates: Sequence[GateResult]) -> CommitStatus:
    verdict = overall(gates)
    passed = sum(gate.outcome is Outcome.PASSED for gate in gates)
    worst = next((gate for gate in gates if gate.outcome not in {Outcome.PASSED, Outcome.SKIPPED}), None)
    said = f"{verdict.value}: {passed} of {len(gates)} gate{'s' * (len(gates) != 1)} passed"
    if worst is not None:
        said += f"; {worst.name}: {worst.reason}"
    return replace(
        whole,
        context=f"{whole.context}: {clean(name)}",
        state=STATES[verdict],
        description=clean(said, limit=STATUS_LIMIT),
    )


def _show_on_page(posting: Posting, shown: str) -> bool:
    provider = posting.provider
    if provider is None or posting.dry_run:
        return False
    if not posting.untrusted:
        found = annotations(posting.record, posting.locate)
        lines = filter(None, map(provider.annotate, found))
        for line in lines:
            posting.say(line)
    try:
        return provider.summary(posting.environ, shown)
    except MltoolsError as error:
        posting.warn(f"the run's page does not show the report: {error.message}")
        return False


def _post_to_forge(posting: Posting) -> bool:
    try:
        forge = None if posting.provider is None else posting.provider.connect(posting.environ)
        if forge is None:
            posting.warn(
                "not posted: there is no token for a forge here; GITHUB_TOKEN and GITHUB_REPOSITORY name one"
            )
            return False
        pulls = _targets(posting, forge)
    except ProviderError as error:
        _warn(posting, "not posted", error)
        return False
    body = comment_body(posting)
    posted = [_comment(posting, forge, pull, body) for pull in pulls]
    return _set_status(posting, forge) and all(posted)


def _targets(posting: Posting, forge: Forge) -> tuple[PullRequest, ...]:
    commit = posting.record.commit
    if posting.pulls is not None:
        found = posting.pulls
    elif posting.untrusted:
        owner, _, branch = (posting.context.branch or "").rpartition(":")
        found = forge.pull_requests_from(owner or forge.repository.split("/")[0], branch)
    else:
        found = forge.pull_requests_of(commit)
    pulls, remarks = aim(found, commit=commit, repository=forge.repository)
    for remark in remarks:
        posting.say(remark)
    if not pulls:
        posting.say(f"no open pull request has {commit[:8]} as its head")
    return pulls


def _comment(posting: Posting, forge: Forge, pull: PullRequest, body: str) -> bool:
    try:
        comments = forge.comments(pull.number)
        acts = sticky.plan(pull.number, sticky.own(comments, posting.key, forge.viewer), body)
        if not acts:
            posting.say(f"pull request #{pull.number} shows this report already")
        for act in acts:
            posting.say(f"{'would ' if posting.dry_run else ''}{_words(act)}")
            if not posting.dry_run:
                _apply(posting, forge, act)
    except ProviderError as error:
        _warn(posting, f"pull request #{pull.number}: the report could not be posted", error)
        return False
    return True


def _apply(posting: Posting, forge: Forge, act: Act) -> None:
    match act:
        case Update(pull_request, comment, body):
            if not forge.update_comment(comment, body):
                _apply(posting, forge, Create(pull_request, body))
        case Create(pull_request, body):
            made = forge.create_comment(pull_request, body)
            if made.author != sticky.BOT:
                for extra in sticky.superseded(forge.comments(pull_request), posting.key, made):
                    _apply(posting, forge, extra)
        case Delete(comment):
            forge.delete_comment(comment)


def _words(act: Act) -> str:
    match act:
        case Create(pull_request):
            return f"comment on pull request #{pull_request}"
        case Update(pull_request, comment):
            return f"update comment {comment} on pull request #{pull_request}"
        case Delete(comment):
            return f"delete comment {comment}, which is older"


def _set_status(posting: Posting, forge: Forge) -> bool:
    commit = posting.record.commit
    if posting.record.dirty:
        posting.warn(f"no status is set: the run had changes that commit {commit[:8]} does not hold")
        return True
    for status in statuses_of(posting):
        words = f"set the status {status.context} of {commit[:8]} to {status.state}: {status.description}"
        posting.say(f"{'would ' if posting.dry_run else ''}{words}")
        if posting.dry_run:
            continue
        try:
            forge.set_status(commit, status)
        except ProviderError as error:
            _warn(posting, "the commit's status could not be set", error)
            return False
    return True


def _warn(posting: Posting, what: str, error: ProviderError) -> None:
    posting.warn(f"{what}: {error.message}" + (f" ({error.hint})" if error.hint else ""))
