"""The base of every part of a recipe."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Refuses fields that it does not know, and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
