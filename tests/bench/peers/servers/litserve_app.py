"""LitServe with its dynamic batching: one inference worker, two HTTP servers, and its fast queue."""

import base64
from typing import Any

import litserve
import numpy as np
from net import PORT, Net, decode


class Digits(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.net = Net()

    def decode_request(self, request: dict[str, str]) -> np.ndarray:
        return decode(base64.b64decode(request["image"]))

    def batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.net(x)

    def unbatch(self, output: np.ndarray) -> list[np.ndarray]:
        return list(output)

    def encode_response(self, output: np.ndarray) -> dict[str, Any]:
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    api = Digits(max_batch_size=32, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(host="127.0.0.1", port=PORT, num_api_servers=2, generate_client_file=False, log_level="error")
