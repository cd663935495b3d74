"""`mltools model verify`: who signed a version, and whether the journal still says what it said."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.releases import command, make_project, md5, run
from tests.support import Result, commit, git, make_repo

JOURNAL = "refs/mltools/journal"


def key(path: Path) -> str:
    """A new SSH key; its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = make_project(tmp_path / "project")
    git(path, "remote", "add", "origin", str(make_repo(tmp_path / "remote.git", bare=True)))
    git(path, "push", "-q", "-u", "origin", "main")
    return path


@pytest.fixture
def signed(project: Path, tmp_path: Path) -> Path:
    """A version whose tag Ada's SSH key signed, as her Git is set to; `ada` and `eve` list who may."""
    for name in ("ada", "eve"):
        (tmp_path / name).write_text(f'{name}@example.org namespaces="git" {key(tmp_path / f"{name}-key")}\n')
    git(project, "config", "gpg.format", "ssh")
    git(project, "config", "user.signingkey", str(tmp_path / "ada-key"))
    git(project, "config", "tag.gpgSign", "true")
    run(project)
    assert command(project, "release").code == 0
    return project


def verify(repo: Path, *args: str) -> Result:
    return command(repo, "model", "verify", "toy@v0.1.0", *args)


def said(done: Result, name: str) -> str:
    return next(line for line in done.out.splitlines() if line.split()[1] == f"{name}:")


def test_a_signature_counts_by_the_keys_that_are_allowed(signed: Path, tmp_path: Path) -> None:
    done = verify(signed, "--allowed-signers", "../ada")
    assert done.code == 0, done.out
    assert said(done, "signature").startswith(
        "passed    signature: SSH by ada@example.org ED25519 key SHA256:"
    )
    done = verify(signed, "--allowed-signers", str(tmp_path / "eve"))
    assert done.code == 1
    assert said(done, "signature").endswith(", which eve does not name")
    done = verify(signed)
    assert done.code == 0
    assert said(done, "signature").startswith("skipped   signature: SSH by ED25519 key SHA256:")
    git(signed, "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "ada"))
    assert said(verify(signed), "signature").startswith("passed ")


def test_a_tag_that_was_changed_is_told_whoever_is_trusted(signed: Path, tmp_path: Path) -> None:
    text = git(signed, "cat-file", "tag", "toy@v0.1.0").replace('"test.auc": 0.9', '"test.auc": 0.99')
    (tmp_path / "forged").write_text(text + "\n")
    forged = git(signed, "hash-object", "-t", "tag", "-w", str(tmp_path / "forged"))
    git(signed, "update-ref", "refs/tags/toy@v0.1.0", forged)
    for args in ((), ("--allowed-signers", str(tmp_path / "ada"))):
        done = verify(signed, *args)
        assert done.code == 1
        assert said(done, "signature").startswith("failed    signature: SSH: it is not of this tag")
    # The journal says so, too, without any key.
    assert said(done, "run").endswith("test.auc is 0.9 in " + said(done, "run").split(" in ")[1])
    assert said(done, "run").startswith("failed ")


def test_a_version_that_nobody_signed_fails_only_where_a_signature_is_asked_for(
    project: Path, tmp_path: Path
) -> None:
    run(project)
    assert command(project, "release").code == 0
    (tmp_path / "nobody").write_text("")
    done = verify(project)
    assert (done.code, said(done, "signature")) == (0, "skipped   signature: toy@v0.1.0 is not signed")
    done = verify(project, "--allowed-signers", str(tmp_path / "nobody"))
    assert (done.code, said(done, "signature")) == (1, "failed    signature: toy@v0.1.0 is not signed")


def test_a_file_of_signers_that_is_not_there_is_wrong_use(signed: Path) -> None:
    for name in ("nowhere", ".."):
        done = verify(signed, "--allowed-signers", name)
        assert done.code == 2


def test_a_signer_that_fails_makes_no_version(project: Path, tmp_path: Path) -> None:
    git(project, "config", "gpg.format", "ssh")
    git(project, "config", "user.signingkey", str(tmp_path / "no-such-key"))
    git(project, "config", "tag.gpgSign", "true")
    run(project)
    done = command(project, "release")
    assert done.code == 3
    assert "cannot make the tag toy@v0.1.0" in done.err
    assert git(project, "tag") == git(tmp_path / "remote.git", "tag") == ""


@pytest.fixture
def gpg(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A GPG key in a keyring of its own; its fingerprint."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = tmp_path_factory.mktemp("g")  # short: its agent listens on a socket there
    home.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    made = ("--quick-gen-key", "Ada <ada@example.org>", "ed25519", "sign", "never")
    subprocess.run(["gpg", "--batch", "--quiet", "--passphrase", "", *made], check=True, capture_output=True)
    listed = subprocess.run(
        ["gpg", "--batch", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True
    )
    yield next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:"))
    subprocess.run(["gpgconf", "--kill", "all"], check=False)


@pytest.mark.slow
def test_gpg_signs_and_is_believed_by_the_keyring(
    project: Path, gpg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(project, "config", "user.signingkey", gpg)
    git(project, "config", "tag.gpgSign", "true")
    run(project)
    assert command(project, "release").code == 0
    done = verify(project)
    assert (done.code, said(done, "signature")) == (0, f"passed    signature: GPG by {gpg}")
    (tmp_path / "ssh-only").write_text("")
    assert verify(project, "--allowed-signers", str(tmp_path / "ssh-only")).code == 1
    (tmp_path / "empty").mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        patch.setenv("GNUPGHOME", str(tmp_path / "empty"))
        assert said(verify(project), "signature").startswith("skipped   signature: GPG by ")
    text = git(project, "cat-file", "tag", "toy@v0.1.0").replace("Verdict passed", "Verdict failed")
    (tmp_path / "forged").write_text(text + "\n")
    forged = git(project, "hash-object", "-t", "tag", "-w", str(tmp_path / "forged"))
    git(project, "update-ref", "refs/tags/toy@v0.1.0", forged)
    assert said(verify(project), "signature").startswith("failed    signature: GPG by ")


def test_all_of_it_works_without_the_remote(signed: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "remote.git")
    done = verify(signed, "--allowed-signers", str(tmp_path / "ada"))
    assert done.code == 0, done.out
    assert {line.split()[0] for line in done.out.splitlines()} == {"passed"}
    assert said(done, "journal").endswith("its tip at the release")


def test_a_fresh_clone_fetches_the_journal_that_the_release_brought(project: Path, tmp_path: Path) -> None:
    made = run(project)
    assert command(project, "release").code == 0
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "clone")
    done = verify(tmp_path / "clone")
    assert done.code == 0, done.out
    assert said(done, "run").startswith(f"passed    run: {made.id} left this model")


def test_a_journal_that_was_rewritten_or_lost_is_told(project: Path, tmp_path: Path) -> None:
    run(project)
    assert command(project, "release").code == 0
    remote = tmp_path / "remote.git"
    git(remote, "update-ref", "-d", JOURNAL)
    git(tmp_path, "clone", "-q", str(remote), "clone")
    done = verify(tmp_path / "clone")
    assert done.code == 3
    assert said(done, "journal").startswith("undecided journal: is neither here nor at the remote")
    tree = git(project, "rev-parse", f"{JOURNAL}^{{tree}}")
    other = git(project, "commit-tree", "-m", "another beginning", tree)
    git(project, "update-ref", JOURNAL, other)
    done = verify(project)
    assert done.code == 1
    assert "no longer holds" in said(done, "journal")
    assert "it was rewritten" in said(done, "journal")


def test_a_version_of_a_run_that_was_never_recorded_says_so(project: Path) -> None:
    run(project, 0.8)
    made = run(project, 0.9, recorded=False, second=6)
    (project / ".mltools").mkdir()
    (project / ".mltools/run.json").write_text(made.model_dump_json(by_alias=True))
    assert command(project, "release", "--run", ".mltools").code == 0
    done = verify(project)
    assert done.code == 0
    assert said(done, "run") == f"skipped   run: {made.id} was released without being recorded"


def test_json_has_every_check(signed: Path) -> None:
    checks = verify(signed, "--json").json["checks"]
    names = ["tag", "signature", "record", "commit", "dvc.lock", "model", "files", "bytes"]
    names += ["journal", "run"]
    assert [check["name"] for check in checks] == names
    assert os.environ["HOME"] not in str(checks)
    assert md5("") not in str(checks)


def test_a_tag_moved_to_a_commit_with_other_params_is_found_out(project: Path) -> None:
    run(project)
    assert command(project, "release").code == 0
    message = git(project, "tag", "-l", "--format=%(contents)", "toy@v0.1.0")
    text = (project / "mltools.yaml").read_text()
    moved = commit(project, {"mltools.yaml": text.replace("min: 0.5", "min: 0.4")})
    git(project, "tag", "-d", "toy@v0.1.0")
    git(project, "tag", "-a", "--cleanup=verbatim", "-m", message + "\n", "toy@v0.1.0", moved)
    done = verify(project)
    assert done.code == 1
    assert said(done, "files") == "failed    files: mltools.yaml: not the SHA-256 of the release"
