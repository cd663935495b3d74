"""`mltools data`: its commands are imported when they are called, as DuckDB and DVC take time to load."""

import click

from mltools.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "infer": Entry("mltools.cli.data_infer", "Write a contract out of data.", "infer"),
    "validate": Entry("mltools.cli.data_validate", "Check data against their contracts.", "validate"),
    "profile": Entry("mltools.cli.data_profile", "Show what the columns of data hold.", "profile"),
    "diff": Entry("mltools.cli.data_diff", "Show how data and contracts changed since a revision.", "diff"),
    "merge": Entry("mltools.cli.data_merge", "Judge what several jobs counted.", "merge"),
    "export": Entry("mltools.cli.data_export", "Write a contract in the words of another tool.", "export"),
    "import": Entry("mltools.cli.data_import", "Write a contract from another tool's schema.", "import_"),
    "add": Entry("mltools.cli.data_add", "Append a batch of rows to a data set.", "add"),
    "push": Entry("mltools.cli.data_objects", "Push data objects to where the project keeps them.", "push"),
    "pull": Entry("mltools.cli.data_objects", "Fetch data objects, and what the workspace lacks.", "pull"),
}


@click.group("data", cls=LazyGroup, entries=COMMANDS, epilog="\b\nExample:\n  mltools data validate")
def command() -> None:
    """Check data against their contracts; move data objects."""
