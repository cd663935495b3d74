"""`mltools model`: the registry. What only reads it is loaded apart from what fetches."""

import click

from mltools.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "list": Entry(
        "mltools.cli.model_read", "Every model with its latest version and stages.", "list_command"
    ),
    "show": Entry("mltools.cli.model_read", "A version with its release record.", "show_command"),
    "history": Entry(
        "mltools.cli.model_history", "What happened to a model, and what stood when.", "history_command"
    ),
    "diff": Entry("mltools.cli.model_history", "Two versions side by side.", "diff_command"),
    "lineage": Entry(
        "mltools.cli.model_history", "Where a version comes from: data, code, run.", "lineage_command"
    ),
    "get": Entry(
        "mltools.cli.model_get", "Fetch a released model, checked against its record.", "get_command"
    ),
    "card": Entry("mltools.cli.model_card", "A version's model card, as Markdown.", "card_command"),
    "provenance": Entry(
        "mltools.cli.model_card", "Where a version comes from, as an in-toto statement.", "provenance_command"
    ),
    "verify": Entry(
        "mltools.cli.model_get", "Check a version: tag, record, commit and bytes.", "verify_command"
    ),
    "promote": Entry("mltools.cli.model_write", "Put a version into a stage.", "promote_command"),
    "approve": Entry("mltools.cli.model_approve", "Say that a version may go to a stage.", "approve_command"),
    "canary": Entry("mltools.cli.model_canary", "Try a version on a part of the requests.", "canary_command"),
    "rollback": Entry(
        "mltools.cli.model_write", "Put a stage back to the version before.", "rollback_command"
    ),
    "unassign": Entry("mltools.cli.model_write", "Take a version out of a stage.", "unassign_command"),
    "deprecate": Entry(
        "mltools.cli.model_write", "Take a version back, or retire a model.", "deprecate_command"
    ),
}


@click.group(
    "model",
    cls=LazyGroup,
    entries=COMMANDS,
    epilog="\b\nExamples:\n  mltools model list\n  mltools model get NAME@v1.2.0 -o model/",
)
def command() -> None:
    """The registry: models, their versions and where they are."""
