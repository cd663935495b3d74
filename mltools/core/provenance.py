"""Where a version comes from, as an in-toto statement with SLSA's provenance predicate: a form that other tools read.

The statement says what the records say. It proves nothing by itself: whoever signs it vouches for it.
"""

from collections.abc import Mapping
from typing import Any

from mltools.core.records import Record
from mltools.core.release_record import ReleaseRecord

FILE = "provenance.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
DOCS = "https://github.com/mltools-gitops/mltools/blob/main/docs/releases.md"
BUILD_TYPE = f"{DOCS}#provenance-v1"
BUILDER = f"{DOCS}#builder"

Tree = dict[str, Any]


def statement(
    record: ReleaseRecord,
    *,
    run: Record | None = None,
    repository: str | None = None,
    files: Mapping[str, str] | None = None,
) -> Tree:
    """The statement for a version. `run` adds when, where and with what; `files` are further subjects, SHA-256 by name.

    `repository` is its address, where it has one for everybody.
    """
    subjects = [{"name": record.file.path.rpartition("/")[2], "digest": _model(record)}]
    subjects += [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in (files or {}).items()]
    return {
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": predicate(record, run=run, repository=repository),
    }


def predicate(record: ReleaseRecord, *, run: Record | None = None, repository: str | None = None) -> Tree:
    """What was built how, from what, by whom."""
    versions = {"mltools": record.mltools}
    metadata: Tree = {"invocationId": record.run, "finishedOn": record.time}
    internal: Tree = {"run": record.run, "verdict": record.verdict}
    where = "unknown"
    if run is not None:
        environment = run.environment
        # On a forge the runner is some machine's name.
        where = environment.runner if environment.runner in {"local", "hook"} else "forge"
        versions |= {"python": environment.python, **({"dvc": environment.dvc} if environment.dvc else {})}
        internal |= {"trigger": run.trigger, "platform": environment.platform, "runner": environment.runner}
        if run.url is not None:
            metadata["invocationId"] = run.url
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "source": _source(record, repository),
                "project": record.project,
                "model": record.model,
                "version": record.version,
                "params": dict(record.params),
            },
            "internalParameters": internal,
            "resolvedDependencies": _dependencies(record, repository),
        },
        "runDetails": {
            "builder": {"id": f"{BUILDER}-{where}", "version": versions},
            "metadata": metadata,
        },
    }


def _source(record: ReleaseRecord, repository: str | None) -> Tree:
    named = {"uri": f"git+{repository}"} if repository is not None else {"name": "source"}
    return {**named, "digest": {"gitCommit": record.commit}}


def _dependencies(record: ReleaseRecord, repository: str | None) -> list[Tree]:
    """The commit, then every file by its hashes, each once."""
    md5s = {data.path: data.md5 for data in record.data if data.md5 is not None}
    md5s["dvc.lock"] = record.lock_md5
    found = [_source(record, repository)]
    for name in dict.fromkeys((*md5s, *record.sha256)):
        directory = md5s.get(name, "").endswith(".dir")
        digest = {"md5": md5s[name].removesuffix(".dir")} if name in md5s else {}
        if directory:
            digest = {"dvcDirectory": md5s[name].removesuffix(".dir")}
        if name in record.sha256:
            digest["sha256OfList" if directory else "sha256"] = record.sha256[name]
        found.append({"name": name, "digest": digest})
    return found


def _model(record: ReleaseRecord) -> dict[str, str]:
    """Of a directory the hashes are those of lists: they must not be taken for hashes of a file."""
    file = record.file
    if file.is_dir:
        return {"dvcDirectory": file.md5.removesuffix(".dir"), "sha256OfList": file.sha256}
    return {"sha256": file.sha256, "md5": file.md5}
