"""`mltools predict` on real models, files and kills: what is written is what the model says, whole or not at all."""

import fcntl
import gzip
import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mltools.core.release_terms import DataContract
from tests.releases import command
from tests.scorable import CONTRACT, FEATURES, classifier, regressor, release, rows, scorable
from tests.support import git, make_repo, mltools

BATCH = 20_480
# Ends the process without a word when a part with this number is about to get its name.
KILLED = """\
import os, signal, sys
seen = 0
def hook(event, details):
    global seen
    if event == "os.rename" and "part-" in str(details[1]):
        seen += 1
        if seen == int(os.environ["KILL_AT"]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from mltools.cli.app import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that no test changes but by new files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "A Tester")
            patch.setenv(f"GIT_{who}_EMAIL", "tester@example.com")
        return scorable(tmp_path_factory.mktemp("scorable"))


def put(directory: Path, table: pd.DataFrame, name: str = "in.csv") -> Path:
    path = directory / name
    if name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_dict("records")))
    elif name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
    return path


def predict(repo: Path, directory: Path, *args: str) -> Any:
    """The answer of `mltools predict toy@v1.0.0 DIRECTORY/in.csv DIRECTORY/out.csv`, unless ARGS name others."""
    files = [arg for arg in args if not arg.startswith("-")][:2] if args and args[0][0] != "-" else []
    rest = args[len(files) :]
    source, target = (*files, *("in.csv", "out.csv")[len(files) :])
    return command(repo, "predict", "toy@v1.0.0", str(directory / source), str(directory / target), *rest)


def left_over(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name.startswith("."))


def says(table: pd.DataFrame) -> list[Any]:
    return list(classifier().predict(table[FEATURES]))


class TestAnswers:
    @pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.jsonl", "in.parquet", "in.csv.gz"])
    @pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
    def test_are_what_the_model_says_whatever_the_files_formats(
        self, shared: Path, tmp_path: Path, name: str, out: str
    ) -> None:
        table = rows(50)
        put(tmp_path, table, name)
        done = predict(shared, tmp_path, name, out, "--proba")
        assert done.code == 0, done.err
        assert done.out == f"{tmp_path / out}\n"
        assert "50 of 50 rows scored" in done.err
        found = pd.read_csv(tmp_path / out) if out.endswith("csv") else pd.read_parquet(tmp_path / out)
        assert list(found.columns) == ["id", "prediction", "probability_no", "probability_yes"]
        assert found["id"].tolist() == table["id"].tolist()
        assert found["prediction"].tolist() == says(table)
        shares = classifier().predict_proba(table[FEATURES])
        assert np.array_equal(found[["probability_no", "probability_yes"]].to_numpy(), shares)
        assert left_over(tmp_path) == []

    def test_go_over_several_batches_in_the_order_of_the_rows(self, shared: Path, tmp_path: Path) -> None:
        table = rows(2 * BATCH + 1)
        put(tmp_path, table)
        assert predict(shared, tmp_path).code == 0
        found = pd.read_csv(tmp_path / "out.csv")
        assert found["id"].tolist() == table["id"].tolist()
        assert found["prediction"].tolist() == says(table)

    def test_of_a_directory_of_files_come_in_the_order_of_their_names(
        self, shared: Path, tmp_path: Path
    ) -> None:
        whole = rows(30)
        (tmp_path / "in").mkdir()
        put(tmp_path / "in", whole.iloc[:10], "part-1.csv")
        put(tmp_path / "in", whole.iloc[10:], "part-2.csv")
        assert predict(shared, tmp_path, "in", "out.csv").code == 0
        assert pd.read_csv(tmp_path / "out.csv")["id"].tolist() == whole["id"].tolist()

    def test_are_the_same_bytes_each_time(self, shared: Path, tmp_path: Path) -> None:
        put(tmp_path, rows(100))
        assert predict(shared, tmp_path, "in.csv", "a.csv", "--proba").code == 0
        assert predict(shared, tmp_path, "in.csv", "b.csv", "--proba").code == 0
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()

    def test_of_a_regression_are_numbers(self, tmp_path: Path) -> None:
        contract = DataContract(
            "d.csv", input=({"name": "size", "type": "number"}, {"name": "age", "type": "number"})
        )
        repo = scorable(tmp_path / "repo", model=regressor(), contracts=(contract,))
        put(tmp_path, pd.DataFrame({"size": [0.5, 1.5], "age": [1, 2]}))
        assert predict(repo, tmp_path).code == 0
        found = pd.read_csv(tmp_path / "out.csv")
        assert list(found.columns) == ["row", "prediction"]
        assert found["row"].tolist() == [1, 2]
        assert found["prediction"].tolist() == pytest.approx([1.0, 3.0])
        told = predict(repo, tmp_path, "in.csv", "p.csv", "--proba")
        assert (told.code, "tells no probabilities" in told.err) == (2, True)

    def test_of_a_release_without_a_contract_take_the_columns_that_the_model_names(
        self, tmp_path: Path
    ) -> None:
        repo = scorable(tmp_path / "repo", contracts=())
        table = rows(20)
        for name in ("in.csv", "in.parquet", "in.jsonl"):
            put(tmp_path, table, name)
            done = predict(repo, tmp_path, name, f"{name}.csv")
            assert done.code == 0, done.err
            assert pd.read_csv(tmp_path / f"{name}.csv")["prediction"].tolist() == says(table)
        put(tmp_path, table.drop(columns="age"), "less.csv")
        done = predict(repo, tmp_path, "less.csv", "out.csv")
        assert (done.code, done.out) == (1, "column age is missing\n")

    def test_keep_large_identifiers_and_odd_text_to_the_letter(self, shared: Path, tmp_path: Path) -> None:
        table = rows(3).assign(id=[2**53 + 1, -(2**62), 3])
        put(tmp_path, table)
        assert predict(shared, tmp_path, "in.csv", "out.jsonl").code == 0
        found = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert found == [2**53 + 1, -(2**62), 3]
        odd = ['a "b", c', "007", "=1+1"]
        put(tmp_path, table.assign(note=odd), "odd.csv")
        done = predict(shared, tmp_path, "odd.csv", "odd-out.csv", "--id", "note")
        assert done.code == 0, done.err
        assert pd.read_csv(tmp_path / "odd-out.csv", dtype=str)["note"].tolist() == odd


class TestBadRows:
    def bad(self) -> pd.DataFrame:
        table = rows(10).astype({"size": object, "age": object})
        table.loc[1, "size"] = "big"
        table.loc[2, "age"] = -1
        table.loc[3, "site"] = "west"
        table.loc[4, ["age", "size"]] = [3, 15.0]
        table.loc[5, "site"] = None
        return table

    def test_are_told_by_column_and_rule_with_counts_and_nothing_is_written(
        self, shared: Path, tmp_path: Path
    ) -> None:
        put(tmp_path, self.bad())
        done = predict(shared, tmp_path)
        assert done.code == 1
        assert done.out == (
            "1 of 10 rows: size is not a number (row 2: big)\n"
            "1 of 10 rows: age below minimum 0 (smallest -1) (row 3: -1)\n"
            "1 of 10 rows: site has no value (row 6)\n"
            "1 of 10 rows: site is none of 'north', 'south', 'east' (row 4: west)\n"
            "1 of 10 rows: check grown does not hold: age >= 18 OR size < 10 (row 5: age = 3, size = 15.0)\n"
        )
        assert not (tmp_path / "out.csv").exists()
        assert left_over(tmp_path) == []

    def test_are_left_out(self, shared: Path, tmp_path: Path) -> None:
        table = self.bad()
        put(tmp_path, table)
        done = predict(shared, tmp_path, "--on-bad", "skip")
        assert done.code == 0, done.err
        assert "5 of 10 rows scored, 5 bad rows left out" in done.err
        found = pd.read_csv(tmp_path / "out.csv")
        good = table.drop(index=[1, 2, 3, 4, 5])
        assert found["id"].tolist() == good["id"].tolist()
        assert found["prediction"].tolist() == says(good)

    def test_are_flagged_with_what_they_break(self, shared: Path, tmp_path: Path) -> None:
        put(tmp_path, self.bad())
        done = predict(shared, tmp_path, "in.csv", "out.parquet", "--on-bad", "flag", "--json")
        tree = done.json
        assert {key: tree[key] for key in ("schema", "model", "version", "rows", "scored", "bad", "refused")} == {
            "schema": 1, "model": "toy", "version": "v1.0.0", "rows": 10, "scored": 5, "bad": 5, "refused": False,
        }  # fmt: skip
        assert [(item["column"], item["rule"], item["count"]) for item in tree["violations"]][:2] == [
            ("size", "type", 1),
            ("age", "minimum", 1),
        ]
        found = pd.read_parquet(tmp_path / "out.parquet")
        assert found["problem"].dropna().tolist() == [
            "size: type", "age: minimum", "site: enum", "checks.grown", "site: required",
        ]  # fmt: skip
        assert found["prediction"].isna().tolist() == found["problem"].notna().tolist()

    def test_may_be_all_of_them(self, shared: Path, tmp_path: Path) -> None:
        put(tmp_path, rows(3).assign(age=-1))
        assert predict(shared, tmp_path, "--on-bad", "skip").code == 0
        assert (tmp_path / "out.csv").read_text() == "id,prediction\n"

    def test_that_only_warn_are_scored(self, tmp_path: Path) -> None:
        age = {"name": "age", "type": "integer", "minimum": 0, "severity": "warn"}
        contract = replace(CONTRACT, input=(CONTRACT.input[0], age, *CONTRACT.input[2:]), rules={})
        repo = scorable(tmp_path / "repo", contracts=(contract,))
        put(tmp_path, rows(3).assign(age=[-1, 20, 30]))
        done = predict(repo, tmp_path)
        assert done.code == 0, done.err
        assert "warning: 1 of 3 rows: age below minimum 0" in done.err
        put(tmp_path, rows(3).assign(age=["x", 20, 30]), "typed.csv")
        assert predict(repo, tmp_path, "typed.csv", "t.csv").code == 1, "no model takes another type"

    def test_do_not_show_what_is_sensitive(self, shared: Path, tmp_path: Path) -> None:
        put(tmp_path, rows(2).assign(note=["", "a secret"]))
        done = predict(shared, tmp_path)
        assert "a secret" not in done.out + done.err


class TestColumns:
    def test_that_are_missing_or_too_many_refuse_the_file_whatever_is_done_with_bad_rows(
        self, shared: Path, tmp_path: Path
    ) -> None:
        put(tmp_path, rows(3).rename(columns={"age": "Age "}))
        done = predict(shared, tmp_path, "--on-bad", "skip")
        assert done.code == 1
        assert "column age is missing; the file has 'Age '" in done.out
        assert "column 'Age ' is not in the contract" in done.out
        assert not (tmp_path / "out.csv").exists()

    def test_that_the_release_knows_may_be_there_or_not(self, shared: Path, tmp_path: Path) -> None:
        """The target, an identifier, a column that training had and the model does not take."""
        put(tmp_path, rows(3).assign(label="yes", note="x"))
        assert predict(shared, tmp_path).code == 0
        put(tmp_path, rows(3).drop(columns="id"), "less.csv")
        assert predict(shared, tmp_path, "less.csv", "less-out.csv").code == 0
        assert pd.read_csv(tmp_path / "less-out.csv")["row"].tolist() == [1, 2, 3]

    def test_may_come_in_any_order(self, shared: Path, tmp_path: Path) -> None:
        table = rows(5)
        put(tmp_path, table[["site", "id", "age", "size"]])
        assert predict(shared, tmp_path).code == 0
        assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == says(table)

    def test_to_carry_must_be_there_and_not_be_called_as_the_answer_is(self, tmp_path: Path) -> None:
        repo = scorable(tmp_path / "repo", contracts=(replace(CONTRACT, rules={}),))
        put(tmp_path, rows(2).assign(Prediction=1))
        done = predict(repo, tmp_path, "--id", "patient")
        assert (done.code, "--id patient: " in done.err) == (2, True)
        done = predict(repo, tmp_path, "--id", "Prediction")
        assert (done.code, "two columns of the output would be called" in done.err) == (2, True)


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty, without even a header"),
            (b"id,size\n1,2,3\n", "3 fields where the header has 2"),
            (b"PK\x03\x04", "not CSV text"),
            (b"id,size,age,site\n1,\xff,3,north\n", "not UTF-8 text"),
        ],
    )
    def test_that_cannot_be_read_are_told(
        self, shared: Path, tmp_path: Path, content: bytes, said: str
    ) -> None:
        (tmp_path / "in.csv").write_bytes(content)
        done = predict(shared, tmp_path)
        assert (done.code, done.out) == (3, ""), done
        assert said in done.err
        assert left_over(tmp_path) == []

    def test_without_rows_give_an_output_without_rows(self, shared: Path, tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_text("id,size,age,site\n")
        assert predict(shared, tmp_path).code == 0
        assert (tmp_path / "out.csv").read_text() == "id,prediction\n"

    def test_that_are_not_there_or_are_no_data(self, shared: Path, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        missing = predict(shared, tmp_path, "there/../in.csv", "out.csv")
        assert (missing.code, f"error: {tmp_path / 'in.csv'}: no such file" in missing.err) == (2, True)
        (tmp_path / "in.txt").write_text("x")
        assert "does not tell the format" in predict(shared, tmp_path, "in.txt", "out.csv").err

    def test_of_the_output_must_be_another_one_of_a_known_kind(self, shared: Path, tmp_path: Path) -> None:
        put(tmp_path, rows(2))
        (tmp_path / "link.csv").symlink_to(tmp_path / "in.csv")
        (tmp_path / "there.csv").write_text("mine\n")
        (tmp_path / "dir.csv").mkdir()
        for target, said in {
            "in.csv": "cannot be the input",
            "link.csv": "cannot be the input",
            "out.xlsx": "an output is called *.csv",
            "dir.csv": "is a directory",
            "there.csv": "is there already",
        }.items():
            done = predict(shared, tmp_path, "in.csv", target)
            assert (done.code, said in done.err) == (2, True), done.err
        assert (tmp_path / "there.csv").read_text() == "mine\n"
        assert predict(shared, tmp_path, "in.csv", "there.csv", "--force").code == 0
        assert len(pd.read_csv(tmp_path / "there.csv")) == 2

    def test_that_are_packed_badly_are_told(self, shared: Path, tmp_path: Path) -> None:
        packed = gzip.compress(rows(500).to_csv(index=False).encode())
        (tmp_path / "in.csv.gz").write_bytes(packed[: len(packed) // 2])
        assert predict(shared, tmp_path, "in.csv.gz", "out.csv").code == 3
        assert not (tmp_path / "out.csv").exists()


class TestModels:
    def test_that_are_not_there_are_told_with_the_nearest(self, shared: Path, tmp_path: Path) -> None:
        put(tmp_path, rows(2))
        files = (str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
        for name in ("toy@v9.0.0", "toys", "toy#prod"):
            assert command(shared, "predict", name, *files).code == 2

    def test_that_are_damaged_score_nothing(self, tmp_path: Path) -> None:
        repo = scorable(tmp_path / "repo")
        content = (repo / "models/toy.skops").read_bytes()
        release(repo, "v1.1.0", content[: len(content) // 2])
        put(tmp_path, rows(2))
        files = (str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
        done = command(repo, "predict", "toy@v1.1.0", *files)
        assert (done.code, "cannot be loaded" in done.err) == (3, True), done.err
        assert left_over(tmp_path) == []

    def test_that_may_run_code_are_not_loaded(self, tmp_path: Path) -> None:
        repo = make_repo(tmp_path / "repo", {"a": "b"})
        release(repo, "v1.0.0", b"cos\nsystem\n(S'touch hacked'\ntR.", file="models/toy.pkl")
        put(tmp_path, rows(2))
        done = predict(repo, tmp_path)
        assert (done.code, "no .skops file" in done.err) == (2, True), done.err

    def test_that_ask_for_types_that_nobody_reviewed_are_not_loaded_until_somebody_did(
        self, tmp_path: Path
    ) -> None:
        from fractions import Fraction

        model = classifier()
        model.extra_ = Fraction(1, 2)
        repo = scorable(tmp_path / "repo", model=model)
        put(tmp_path, rows(2))
        done = predict(repo, tmp_path)
        assert (done.code, "fractions.Fraction" in done.err) == (3, True), done.err
        policy = {"mltools.yaml": "schema: 1\nserve: {types: [fractions.Fraction]}\n"}
        release(repo, "v1.1.0", model, files=policy)
        files = (str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
        done = command(repo, "predict", "toy@v1.1.0", *files)
        assert done.code == 0, done.err


class TestKills:
    def run(self, repo: Path, directory: Path, kill_at: int) -> int:
        return subprocess.run(
            [sys.executable, "-c", KILLED, "-C", str(repo), "predict", "toy@v1.0.0",
             str(directory / "in.csv"), str(directory / "out.csv"), "--on-bad", "flag"],
            env={**os.environ, "KILL_AT": str(kill_at)}, check=False, capture_output=True,
        ).returncode  # fmt: skip

    def test_leave_parts_behind_which_the_same_command_goes_on(self, shared: Path, tmp_path: Path) -> None:
        table = rows(5 * BATCH)
        table.loc[[10, 4 * BATCH], "age"] = -1
        put(tmp_path, table)
        assert self.run(shared, tmp_path, 3) == -9
        assert not (tmp_path / "out.csv").exists()
        (parts,) = left_over(tmp_path)
        kept = sorted(path.name for path in (tmp_path / parts).glob("part-*.parquet"))
        assert len(kept) == 2

        done = predict(shared, tmp_path, "--on-bad", "flag", "--json")
        assert done.code == 0, done.err
        resumed = int(kept[-1].removesuffix(".parquet").rpartition("-")[2])
        assert done.json["resumed"] == resumed > BATCH
        assert (done.json["rows"], done.json["bad"]) == (len(table), 2)
        assert left_over(tmp_path) == []
        found = pd.read_csv(tmp_path / "out.csv")
        assert found["id"].tolist() == table["id"].tolist()
        assert predict(shared, tmp_path, "in.csv", "again.csv", "--on-bad", "flag").code == 0
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()

    def test_leave_nothing_that_other_data_or_a_damaged_part_could_be_mistaken_for(
        self, shared: Path, tmp_path: Path
    ) -> None:
        put(tmp_path, rows(3 * BATCH))
        assert self.run(shared, tmp_path, 3) == -9
        put(tmp_path, rows(3 * BATCH, seed=2))
        done = predict(shared, tmp_path, "--on-bad", "flag", "--json")
        assert done.json["resumed"] == 0

        put(tmp_path, rows(3 * BATCH))
        (parts,) = left_over(tmp_path)
        first = min((tmp_path / parts).glob("part-*.parquet"))
        first.write_bytes(first.read_bytes()[:-100])
        done = predict(shared, tmp_path, "--on-bad", "flag", "--json", "--force")
        assert done.json["resumed"] == 0
        assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == says(rows(3 * BATCH))


def test_a_full_disk_is_told_and_the_same_command_goes_on_when_there_is_room(
    shared: Path, tmp_path: Path
) -> None:
    put(tmp_path, rows(BATCH))
    argv = [sys.executable, "-m", "mltools", "-C", str(shared), "predict", "toy@v1.0.0", "--proba"]
    argv += [str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(argv, preexec_fn=small, check=False, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.csv").exists()
    assert mltools(shared, *argv[5:]).code == 0


def test_two_at_once_do_not_write_one_output(shared: Path, tmp_path: Path) -> None:
    put(tmp_path, rows(3 * BATCH))
    assert TestKills().run(shared, tmp_path, 2) == -9
    (parts,) = left_over(tmp_path)
    with (tmp_path / parts / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = predict(shared, tmp_path, "--on-bad", "flag")
    assert (done.code, "another mltools writes it now" in done.err) == (3, True), done.err
    assert len(list((tmp_path / parts).glob("part-*.parquet"))) == 1


def test_the_version_of_a_stage_and_the_latest_can_be_named(tmp_path: Path) -> None:
    repo = scorable(tmp_path / "repo")
    put(tmp_path, rows(2))
    git(repo, "tag", "-a", "-m", "to prod", "toy#prod#1", "HEAD")
    for number, name in enumerate(("toy", "toy#prod", "toy@latest")):
        files = (str(tmp_path / "in.csv"), str(tmp_path / f"{number}.csv"))
        assert command(repo, "predict", name, *files, "--json").json["version"] == "v1.0.0"
