"""Words of a forge that sections of mltools.yaml share: when a workflow starts, and which runner takes it."""

from typing import Annotated

from pydantic import Field

# The five fields of a cron expression; forges read them in UTC.
Cron = Annotated[str, Field(pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$")]
Runner = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
