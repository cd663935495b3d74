"""What the parts of a record are made of: strict, bounded values, because a record may be a stranger's."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mltools.core.metrics import Scalar

Text = Annotated[str, Field(max_length=4_000)]
Name = Annotated[str, Field(max_length=500)]
Oid = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}(\.dir)?$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
# Each value keeps its type: the text "1" is no number, and true is not 1.
Values = Annotated[dict[Name, Scalar], Field(max_length=20_000)]


class Part(BaseModel):
    """Base of all parts of a record: frozen, closed, finite numbers only."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)
