"""Where runs come from: the providers, and which of them started this process."""

from collections.abc import Mapping

from mltools import __version__
from mltools.ci import github, hook
from mltools.ci.provider import Provider
from mltools.core.config import FILE, Config
from mltools.core.context import Context
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError, ProviderError

# In the order they are asked: a hook may run inside a forge's job, never the other way round.
PROVIDERS: dict[str, Provider] = {"hook": hook, "github": github}


def detect(environ: Mapping[str, str]) -> Provider | None:
    """The provider that started this process, None by hand."""
    return next((provider for provider in PROVIDERS.values() if provider.detect(environ)), None)


def forge_of(config: Config) -> Provider:
    """The provider that mltools.yaml names. Raises ConfigError when it has no `ci` section."""
    if config.ci is None:
        raise ConfigError(
            f"{FILE}: has no `ci` section, which says how workflows are made",
            hint="add one, for example: ci: {provider: github, install: mltools-gitops==" + __version__ + "}",
        )
    return PROVIDERS[config.ci.provider]


def context(environ: Mapping[str, str]) -> Context:
    """What started this run.

    Without an event file the variables alone tell; raises ProviderError when there is one that holds no JSON object.
    """
    provider = detect(environ)
    if provider is None:
        return Context()
    path = provider.event_file(environ)
    try:
        event = {} if path is None else documents.read_json(files.read_bytes(path), str(path))
    except DataError:
        event = {}
    except ConfigError as error:
        raise ProviderError(f"the event file cannot be read: {error.message}") from error
    if not isinstance(event, dict):
        raise ProviderError(f"{path}: the event file holds no JSON object")
    return provider.read_context(environ, event)
