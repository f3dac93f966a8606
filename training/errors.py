"""Errors that a person can do something about, said in a sentence."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from service.errors import InkpawError
from training.data.download import DataMissing
from training.recipes.loading import RecipeError


def in_a_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """What a person can do something about is said in a sentence, not in a traceback."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        try:
            command(**arguments)
        except Exception as error:
            from training.fit.strategy import PeerLost  # only here: they bring TensorFlow along
            from training.publish.publish import PublishError

            if isinstance(error, RecipeError | DataMissing | PublishError | PeerLost | InkpawError):
                sys.exit(str(error))
            raise

    return run
