"""`mltools runs`: its commands are imported when they are called, as reading needs little and writing GitPython."""

import click

from mltools.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "list": Entry(
        "mltools.cli.runs_read", "The runs, newest first, with verdict and metrics.", "list_command"
    ),
    "show": Entry("mltools.cli.runs_show", "One run: table, gates, verdict, history.", "show_command"),
    "compare": Entry("mltools.cli.runs_show", "Two runs side by side.", "compare_command"),
    "verify": Entry(
        "mltools.cli.runs_verify", "Check that nothing recorded was changed or lost.", "verify_command"
    ),
    "export": Entry("mltools.cli.runs_export", "Write the runs for other tools.", "export_command"),
    "import": Entry("mltools.cli.runs_import", "Keep the runs of other tools.", "import_command"),
    "add": Entry("mltools.cli.runs_write", "Keep a run that was made elsewhere.", "add_command"),
    "sync": Entry("mltools.cli.runs_write", "Join the journal here with a remote's.", "sync_command"),
    "notes": Entry("mltools.cli.runs_write", "Show the runs in `git log`.", "notes_command"),
}
EXAMPLES = """\b
Examples:
  mltools runs list
  mltools runs show HEAD~1 --json
  mltools runs compare main HEAD
  mltools runs verify
  mltools runs export --to csv > runs.csv
  mltools runs add run-artifact
  mltools runs sync
"""


@click.group("runs", cls=LazyGroup, entries=COMMANDS, epilog=EXAMPLES)
def command() -> None:
    """The journal: what every run found, kept in Git (refs/mltools/journal)."""
