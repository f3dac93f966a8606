"""KServe's Python server: it has no batching of its own (in a cluster a sidecar does that)."""

import base64
from typing import Any

import kserve
import numpy as np
from net import PORT, Net, pixels


class Digits(kserve.Model):
    def __init__(self) -> None:
        super().__init__("digits")
        self.load()

    def load(self) -> bool:
        self.net = Net()
        self.ready = True
        return True

    def predict(self, payload: dict[str, Any], headers: Any = None, response_headers: Any = None) -> dict[str, Any]:
        images = [pixels(base64.b64decode(each["image"]["b64"])) for each in payload["instances"]]
        return {"predictions": self.net(np.stack(images)).tolist()}


if __name__ == "__main__":
    kserve.ModelServer(http_port=PORT, workers=1, enable_grpc=False).start([Digits()])
