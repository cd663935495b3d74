"""The forge's workflows, started by name: what a workflow's own token pushes or merges starts none."""

from mltools import ci
from mltools.ci.provider import Forge
from mltools.errors import ProviderError
from mltools.retraining.desk import Desk


def connected(desk: Desk) -> Forge | None:
    """The forge's API, None without a token or a repository."""
    found = (provider.connect(desk.outside.environ) for provider in ci.PROVIDERS.values())
    return next((forge for forge in found if forge is not None), None)


def start(desk: Desk, forge: Forge, kind: str, what: str) -> None:
    """Start a generated workflow of the project on its base branch; `what` begins the error's sentence.

    Raises ProviderError where the forge does not let us.
    """
    file = ci.forge_of(desk.config).workflow_paths(desk.project.prefix)[kind].rpartition("/")[2]
    try:
        forge.start_workflow(file, desk.base)
    except ProviderError as error:
        raise ProviderError(
            f"{what} ({file}) could not be started: {error.message}",
            status=error.status,
            hint="start it by hand, or run the same command again; the job needs `actions: write`",
        ) from error
    desk.outside.say(f"started {file} on {desk.base}")
