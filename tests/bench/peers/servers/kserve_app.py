"""KServe's Python server. It does not batch; in a cluster a sidecar does that."""

import base64
from typing import Any

import kserve
import numpy as np
from net import PORT, Net, decode


class Digits(kserve.Model):
    def __init__(self) -> None:
        super().__init__("digits")
        self.load()

    def load(self) -> bool:
        self.net = Net()
        self.ready = True
        return True

    def predict(self, payload: dict[str, Any], headers: Any = None, response_headers: Any = None) -> dict[str, Any]:
        images = [decode(base64.b64decode(instance["image"]["b64"])) for instance in payload["instances"]]
        return {"predictions": self.net(np.stack(images)).tolist()}


if __name__ == "__main__":
    kserve.ModelServer(http_port=PORT, workers=1, enable_grpc=False).start([Digits()])
