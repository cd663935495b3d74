"""Who signed a commit or a tag, by keys that the caller trusts; and commits that are signed.

Git's exit status is believed, never its text: of an SSH signature by an unknown key it says "Good" as well.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.edges.git.runner import Runner, words
from mltools.errors import RepositoryError


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one person: an SSH public key, a GPG fingerprint, or both."""

    ssh: str | None = None
    gpg: str | None = None


def signer(repository: Repository, oid: str, people: Mapping[str, Keys], *, tag: bool = False) -> str | None:
    """The one of `people` whose key signed the object; None when none of theirs did, or it is not signed."""
    verify = "verify-tag" if tag else "verify-commit"
    for name, keys in people.items():
        if keys.ssh is not None and _signed_by_ssh(repository, verify, oid, keys.ssh):
            return name
    fingerprints = {keys.gpg: name for name, keys in people.items() if keys.gpg is not None}
    if not fingerprints:
        return None
    done = plumbing.git(repository.cwd, verify, "--raw", oid, check=False)
    if done.returncode:
        return None
    # VALIDSIG names the key that signed first, and its primary key last.
    marks = [line.split() for line in done.errors.splitlines() if line.startswith("[GNUPG:] VALIDSIG ")]
    return next(
        (fingerprints[word] for mark in marks for word in (mark[2], mark[-1]) if word in fingerprints), None
    )


@dataclass(frozen=True, slots=True)
class Signature:
    """What a tag's signature is worth: `trusted` by a key that is allowed, `broken` when it is of other bytes.

    `unknown` says that nobody here vouches for the key, or that it cannot be checked; `by` is who or which key, as far as
    that is known.
    """

    state: Literal["trusted", "unknown", "broken", "none"]
    kind: Literal["SSH", "GPG"] | None = None
    by: str = ""


def tag_signature(repository: Repository, oid: str, *, allowed: Path | None = None) -> Signature:
    """The signature of a tag: by the keys in `allowed` (a file as in gpg.ssh.allowedSignersFile), else by Git's settings.

    `allowed` names SSH keys, so a GPG signature is not trusted by it. Whether one is trusted is Git's exit status; its text
    only tells what is broken from what is unknown.
    """
    found = _SIGNED.search(plumbing.git(repository.cwd, "cat-file", "tag", oid).text)
    if found is None:
        return Signature("none")
    ssh = found["kind"] == "SSH"
    # Without a file Git does not look at an SSH signature at all.
    signers = allowed or (None if repository.config("gpg.ssh.allowedSignersFile") else Path(os.devnull))
    settings = () if signers is None else ("-c", f"gpg.ssh.allowedSignersFile={signers}")
    done = plumbing.git(repository.cwd, *settings, "verify-tag", "--raw", oid, check=False)
    said = _BY_SSH.search(done.errors) if ssh else _BY_GPG.search(done.errors)
    by = "" if said is None else " ".join(word for word in said.groups() if word)
    if done.returncode == 0:
        return Signature(
            "unknown" if allowed is not None and not ssh else "trusted", "SSH" if ssh else "GPG", by
        )
    broken = any(mark in done.errors for mark in (_BROKEN_SSH if ssh else _BROKEN_GPG))
    return Signature("broken" if broken else "unknown", "SSH" if ssh else "GPG", by)


_SIGNED = re.compile(r"^-----BEGIN (?P<kind>PGP|SSH|SIGNED) (?:SIGNATURE|MESSAGE)-----$", re.MULTILINE)
_BY_SSH = re.compile(r'^Good "git" signature (?:for (.*) )?with (.*)$', re.MULTILINE)
_BY_GPG = re.compile(r"^\[GNUPG:\] (?:VALIDSIG|ERRSIG|BADSIG) (\S+)", re.MULTILINE)
_BROKEN_SSH = ("incorrect signature", "invalid format", "incomplete message")
_BROKEN_GPG = ("[GNUPG:] BADSIG", "[GNUPG:] REVKEYSIG")


def _signed_by_ssh(repository: Repository, verify: str, oid: str, key: str) -> bool:
    """Whether this key made the signature: Git is told of this one only, so a good answer can mean no other."""
    with tempfile.TemporaryDirectory(prefix="mltools-keys-") as scratch:
        allowed = Path(scratch) / "allowed_signers"
        allowed.write_text(f'signer namespaces="git" {key}\n', encoding="ascii")
        settings = (
            "-c", f"gpg.ssh.allowedSignersFile={allowed}",
            "-c", "gpg.ssh.revocationFile=",
            "-c", "gpg.minTrustLevel=fully",
        )  # fmt: skip
        done = plumbing.git(repository.cwd, *settings, verify, "--raw", oid, check=False)
    return done.returncode == 0 and "GNUPG" not in done.errors


def commit(
    repository: Repository, environ: Mapping[str, str], message: str, *, when: datetime, branch: str | None
) -> str:
    """Put a commit without changes on top of HEAD, signed if the user's Git has a key; its id.

    Raises RepositoryError when Git or its signer says no, or HEAD moved meanwhile.
    """
    runner = Runner(repository.cwd, environ)
    head = repository.commit("HEAD")
    signs = ("-S",) if can_sign(repository) else ()
    made = runner.run(
        "commit-tree", *signs, "-p", head, "-F", "-", f"{head}^{{tree}}",
        stdin=message.encode(), env=runner.identity(when), check=False,
    )  # fmt: skip
    oid = made.text.strip()
    if made.status or not plumbing.OID.fullmatch(oid):
        raise RepositoryError(f"cannot make the commit: {words(made.err)}")
    ref = f"refs/heads/{branch}" if branch else "HEAD"
    note = ("-m", f"commit: {message.partition(chr(10))[0]}")
    moved = runner.run("update-ref", *note, ref, oid, head, check=False)
    if moved.status:
        raise RepositoryError(f"cannot move {ref}: {words(moved.err)}", hint="try again")
    return oid


def can_sign(repository: Repository) -> bool:
    """Whether the user's Git has a key to sign with."""
    return bool(repository.config("user.signingkey"))
