"""BentoML with its adaptive batching: a service for single images in front of a service that takes batches."""

from pathlib import Path

import bentoml
import numpy as np
from net import Net, decode


@bentoml.service(workers=1)
class Model:
    def __init__(self) -> None:
        self.net = Net()

    @bentoml.api(batchable=True, max_batch_size=32)
    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return self.net(images)


@bentoml.service(workers=2, traffic={"concurrency": 64})
class Digits:
    model = bentoml.depends(Model)

    @bentoml.api(route="/predict")
    async def predict(self, image: Path) -> dict[str, list[float]]:
        rows = await self.model.to_async.probabilities(decode(image.read_bytes())[None])
        return {"probabilities": rows[0].tolist()}
