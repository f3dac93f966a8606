"""`data` of a recipe: the data set that it names, with that data set's own fields."""

from typing import Annotated, Literal

from pydantic import Field

from training.recipes.part import Part


class AnyData(Part):
    """The fields that every data set has."""

    size: int = Field(description="height and width of the net's input, pixels")
    validation: float = Field(
        0.1, gt=0, description="training images held out for validation: a share below 1, a count from 1 on"
    )
    seed: int = Field(0, description="which images are held out")
    limit: int | None = Field(None, ge=100, description="use at most this many images of each split, for a quick look")


class MnistData(AnyData):
    name: Literal["mnist"] = "mnist"


class Digits8Data(AnyData):
    name: Literal["digits8"] = "digits8"


class CatsDogsData(AnyData):
    name: Literal["cats-dogs"] = "cats-dogs"
    train_size: int | None = Field(
        None, description="height and width of the stored training images, before crops; `size` by default"
    )
    first: int | None = Field(None, gt=0, description="train on pictures 1 to this number of each animal only")


class FolderData(AnyData):
    name: Literal["folder"] = "folder"
    path: str | None = Field(None, description="the pictures: a folder or a zip")
    channels: Literal[1, 3] = Field(3, description="1 for grey, 3 for colour")
    treatment: Literal["photo", "digit"] = Field("photo", description="geometric preparation, see service.images")
    train_size: int | None = Field(
        None, description="height and width of the decoded training images, before crops; `size` by default"
    )


Data = Annotated[MnistData | Digits8Data | CatsDogsData | FolderData, Field(discriminator="name")]
