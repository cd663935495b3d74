"""The lineage of a version, out of its tag, its commit and the tags of its model; nothing is checked out or fetched."""

from mltools.core.lineage import Lineage, lineage
from mltools.core.pipeline import FILE as PIPELINE_FILE
from mltools.core.pipeline import LOCK_FILE
from mltools.core.registry import Model
from mltools.core.stages import Lock, Pipeline
from mltools.edges import dvcfiles
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, RepositoryError
from mltools.models.finding import Released


def of_version(repository: Repository, model: Model, found: Released) -> Lineage:
    """Where a released version comes from and where it is. What cannot be read is said in its problems."""
    paths = (f"{found.prefix}{PIPELINE_FILE}", f"{found.prefix}{LOCK_FILE}")
    pipeline, lock, problems = Pipeline(), Lock(), []
    try:
        first, second = repository.read_many(found.version.commit, paths).values()
        problems += [
            f"commit {found.version.commit[:10]} holds no {path}"
            for path, content in zip(paths, (first, second), strict=True)
            if content is None
        ]
        pipeline = dvcfiles.pipeline_from(first, paths[0]) if first is not None else pipeline
        lock = dvcfiles.lock_from(second, paths[1]) if second is not None else lock
    except (ConfigError, RepositoryError) as error:
        problems.append(error.message.splitlines()[0])
    problems += [
        f"{path}: {why}" for path, why in ((paths[0], pipeline.unsure), (paths[1], lock.unsure)) if why
    ]
    return lineage(model, found.version, found.record, pipeline, lock, problems=problems)
