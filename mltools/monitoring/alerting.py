"""Telling people: one issue on the forge, kept up to date and closed by itself; a message to a webhook when it changes."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from mltools import ci, events
from mltools.ci import issues
from mltools.ci.issues import Alarm, Change, Close, Open, Say
from mltools.ci.provider import Forge
from mltools.core.events import Kind
from mltools.core.monitor.findings import Assessment, Verdict
from mltools.core.monitor.message import message
from mltools.core.monitor.policy import Monitor
from mltools.core.monitor.view import as_markdown, subject
from mltools.edges.git.read import Repository
from mltools.edges.rest import webhook
from mltools.errors import MltoolsError, ProviderError

WEBHOOK = "MLTOOLS_WEBHOOK"
# What there is a message of; `watch` says neither that an alarm goes on nor that it is over.
TELLING = frozenset({Verdict.HEALTHY, Verdict.DRIFTED, Verdict.BROKEN})
ALARMS = {"never": (), "drifted": ("drifted", "broken"), "watch": ("watch", "drifted", "broken")}


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom to tell, and how to say what was done."""

    environ: Mapping[str, str] = field(repr=False)  # it holds the token and the webhook's address
    say: Callable[[str], None]
    warn: Callable[[str], None]


def last_state(repository: Repository, found: Assessment) -> str | None:
    """What an earlier check of this window said, else the last one of the same stage that said something for sure.

    Of a stage, whatever it held then; without one, of the same version. Ask before this one is kept.
    """
    seen = events.of_model(repository, found.model, {Kind.MONITOR})
    same = [
        event
        for event in seen
        if event.stage == found.stage and (found.stage is not None or event.version == found.version)
    ]
    window = asdict(found.window)
    again = [event for event in same if event.details.get("window") == window]
    telling = sorted(
        again or [event for event in same if event.state in TELLING], key=lambda event: event.about
    )
    return telling[-1].state if telling else None


def alert(desk: Desk, found: Assessment, policy: Monitor, *, before: str | None) -> bool:
    """Tell people of a check; False when somebody could not be told, which is warned of. The verdict stays what it is."""
    told = True
    url = None
    show_on_page(desk, found)
    try:
        url = _on_forge(desk, found, policy)
    except ProviderError as error:
        desk.warn(f"the forge was not told: {error.message}")
        told = False
    address = desk.environ.get(WEBHOOK)
    if address and is_news(found, before):
        try:
            webhook.send(address, message(found, url))
            desk.say("told the webhook")
        except ProviderError as error:
            desk.warn(error.message)
            told = False
    return told


def show_on_page(desk: Desk, found: Assessment) -> None:
    """The check on the page of the job that runs it, where there is one."""
    for provider in ci.PROVIDERS.values():
        if provider.detect(desk.environ):
            try:
                provider.summary(desk.environ, as_markdown(found))
            except MltoolsError as error:
                desk.warn(error.message)


def is_news(found: Assessment, before: str | None) -> bool:
    """Whether a message is due: an alarm that is not the one of last time, or the end of one."""
    now = found.verdict
    return now != before and (now.alarming or (now is Verdict.HEALTHY and before in {"drifted", "broken"}))


def _on_forge(desk: Desk, found: Assessment, policy: Monitor) -> str | None:
    """The address of the issue, None without one."""
    connected = (provider.connect(desk.environ) for provider in ci.PROVIDERS.values())
    forge = next((forge for forge in connected if forge is not None), None)
    if forge is None:
        desk.say("no forge to tell: there is no token or no repository")
        return None
    alarm = Alarm(
        key=f"{found.model}#{found.stage}" if found.stage else found.model,
        state=found.verdict.value,
        title=f"{subject(found)} is {found.verdict.value}: {found.summary}",
        report=as_markdown(found),
        raised=found.verdict.value in ALARMS[policy.issue],
        over=found.verdict is Verdict.HEALTHY,
    )
    ours = issues.own(forge.issues(issues.LABEL), alarm.key, forge.viewer)
    acts = issues.plan(ours, alarm)
    url = ours[0].url if ours else None
    for act in acts:
        url = _carry_out(desk, forge, act) or url
    if any(isinstance(act, Open) for act in acts):
        # Another check may have opened one at the same moment: both look, and both keep the older.
        again = issues.own(forge.issues(issues.LABEL), alarm.key, forge.viewer)
        for more in again[1:]:
            forge.update_issue(more.number, done=False)
        url = again[0].url if again else url
    return url


def _carry_out(desk: Desk, forge: Forge, act: issues.Act) -> str | None:
    match act:
        case Open(title, body):
            made = forge.create_issue(title, body, [issues.LABEL])
            desk.say(f"opened {made.url}")
            return made.url
        case Change(number, title, body):
            forge.update_issue(number, title=title, body=body)
            desk.say(f"brought issue {number} up to date")
        case Say(number, body):
            forge.create_comment(number, body)
        case Close(number, done):
            forge.update_issue(number, done=done)
            desk.say(f"closed issue {number}")
    return None
