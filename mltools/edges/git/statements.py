"""Signed statements that no ref names: commit objects kept as text elsewhere, and checked wherever the text comes to.

Git signs commits by whatever the user has set up, and checks them again; so a statement needs no format of its own.
"""

from collections.abc import Mapping
from datetime import datetime

from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.edges.git.runner import Runner, words
from mltools.edges.git.signing import Keys, can_sign, signer
from mltools.errors import RepositoryError

LONGEST = 64 << 10


def make(
    repository: Repository, environ: Mapping[str, str], message: str, *, about: str, when: datetime
) -> str | None:
    """A signed statement about a commit, as text; None when the user's Git has no key. Raises RepositoryError."""
    if not can_sign(repository):
        return None
    runner = Runner(repository.cwd, environ)
    made = runner.run(
        "commit-tree", "-S", "-p", about, "-F", "-", f"{about}^{{tree}}",
        stdin=message.encode(), env=runner.identity(when), check=False,
    )  # fmt: skip
    oid = made.text.strip()
    if made.status or not plumbing.OID.fullmatch(oid):
        raise RepositoryError(
            f"cannot sign: {words(made.err)}", hint="see user.signingkey and gpg.format in `git help config`"
        )
    try:
        return plumbing.git(repository.cwd, "cat-file", "commit", oid).stdout.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RepositoryError(
            "cannot keep the signed statement: your name in Git is not UTF-8",
            hint="git config user.name shows it",
        ) from error


def said_by(
    repository: Repository, environ: Mapping[str, str], text: str, people: Mapping[str, Keys]
) -> tuple[str, str] | None:
    """Who of `people` signed a statement, and its message; None when none of them did, or it is none."""
    if len(text) > LONGEST:
        return None
    runner = Runner(repository.cwd, environ)
    made = runner.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode(), check=False)
    oid = made.text.strip()
    if made.status or not plumbing.OID.fullmatch(oid):
        return None
    by = signer(repository, oid, people)
    return None if by is None else (by, text.partition("\n\n")[2])
