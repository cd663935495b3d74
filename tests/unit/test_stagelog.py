import pytest

from mltools.core.stagelog import TAIL, Log, StageEvent, failure, tail

SAID = """\
'data/raw.csv.dvc' didn't change, skipping
Running stage 'prepare':
> python prepare.py
splitting

To be continued
Updating lock file 'dvc.lock'

Stage 'train' is cached - skipping run, checking out outputs
Updating lock file 'dvc.lock'

Stage 'judge@1' didn't change, skipping
Running stage 'report':
> echo done

To track the changes with git, run:

\tgit add dvc.lock

Use `dvc push` to send your updates to remote storage."""


def read(text: str) -> tuple[Log, list[StageEvent], list[str]]:
    """The log of some lines that come a second apart."""
    log, events, own = Log(now=0.0), list[StageEvent](), list[str]()
    now = 0.0
    for now, line in enumerate(text.splitlines(), 1):
        log, seen, printed = log.feed(line, now)
        events.extend(seen)
        own.extend([printed] if printed is not None else [])
    log, seen = log.end(now)
    return log, [*events, *seen], own


def test_lines_become_events_with_their_times() -> None:
    log, events, _ = read(SAID)
    assert events == [
        StageEvent("prepare", "running"),
        StageEvent("prepare", "ran", 7.0),
        StageEvent("train", "cached", 0.0),
        StageEvent("judge@1", "skipped"),
        StageEvent("report", "running"),
        StageEvent("report", "ran", 7.0),
    ]
    assert log.done == tuple(event for event in events if event.state != "running")


def test_what_stages_print_is_told_from_dvc_s_routine() -> None:
    _, _, own = read(SAID)
    assert [line for line in own if line] == [
        "> python prepare.py",
        "splitting",
        "To be continued",
        "> echo done",
    ]


def test_a_frozen_stage_is_skipped() -> None:
    _, events, _ = read("Verifying outputs in frozen stage: 'old'\nVerifying data sources in stage: 'a.dvc'")
    assert events == [StageEvent("old", "skipped")]


def test_a_data_source_ends_the_stage_before_it() -> None:
    _, events, _ = read("Running stage 'a':\nVerifying data sources in stage: 'b.dvc'\nRunning stage 'c':")
    assert [event.name for event in events] == ["a", "a", "c", "c"]


def test_the_tail_is_what_the_failed_stage_printed_last() -> None:
    lines = [
        "Running stage 'a':",
        "old",
        "Running stage 'b':",
        *map(str, range(50)),
        "ERROR: failed to reproduce 'b': x",
    ]
    assert tail(lines, "b") == tuple(str(number) for number in range(50 - TAIL, 50))
    assert tail(lines[-10:], "b")[-1] == "49"
    assert tail(lines, None) == ()


@pytest.mark.parametrize(
    ("said", "stage", "reason"),
    [
        ("failed to run: a, b, exited with 7", "x", "exited with 7"),
        ("failed to run: kill -9 $$, exited with -9", "x", "was killed (SIGKILL)"),
        ("failed to run: sh -c oom, exited with 137", "x", "was killed (SIGKILL)"),
        ("failed to run: c, exited with 143", "x", "was ended from outside (SIGTERM)"),
        ("output 'model.txt' does not exist", "x", "did not write its output model.txt"),
        (
            "[Errno 2] No such file or directory: '/project/in.txt'",
            "x",
            "depends on in.txt, which does not exist",
        ),
        ("missing data 'source': data/raw.csv", None, "data is missing: data/raw.csv"),
        (
            "Parameters 'a' are missing from 'p.yaml'.",
            "x",
            "failed: Parameters 'a' are missing from 'p.yaml'.",
        ),
    ],
)
def test_dvc_s_errors_become_plain_words(said: str, stage: str | None, reason: str) -> None:
    why = failure(f"a line\nERROR: failed to reproduce 'x': {said}\n", "/project")
    assert (why.stage, why.reason) == (stage, reason)
    assert not why.files


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: failed to reproduce 'x': '/p/out' is busy, it is being blocked by:\n  (PID 7): dvc repro\n",
        "ERROR: Unable to acquire lock. Most likely another DVC process is running",
        "ERROR: Unable to read RWLock-file '.dvc/tmp/rwlock'. JSON structure is corrupted",
    ],
)
def test_a_lock_is_recognised(said: str) -> None:
    assert failure(said, "/p").busy


@pytest.mark.parametrize(
    "said",
    [
        "'./dvc.yaml' validation failed: 2 errors.\n\nextra keys not allowed, in stages -> a",
        "'./dvc.lock' is invalid (possible merge conflicts).",
        "ERROR: unable to read: 'params.yaml', YAML file structure is corrupted",
        "ERROR: failed to parse 'stages.a.cmd' in 'dvc.yaml': Could not find 'x'",
    ],
)
def test_a_file_of_the_user_s_is_recognised(said: str) -> None:
    why = failure(said, "/p")
    assert why.files
    assert why.stage is None
    assert why.reason.splitlines()[0] == said.splitlines()[0].removeprefix("ERROR: ")


def test_what_is_not_understood_is_passed_on() -> None:
    assert failure("something new\nhappened", "/p").reason == "something new\nhappened"
    assert failure("ERROR: you are not inside of a DVC repository (checked up to '/')", "/p").hint
    assert failure("/usr/bin/python: No module named dvc", "/p").hint
