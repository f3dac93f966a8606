"""PyTriton: NVIDIA's Triton with its dynamic batcher in front of a Python function."""

import os

import numpy as np
from net import PORT, Net, decode
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

net = Net()


@batch
def infer(image: np.ndarray) -> dict[str, np.ndarray]:
    return {"probabilities": net(np.stack([decode(png) for (png,) in image]))}


if __name__ == "__main__":
    grpc, metrics = (int(port) for port in os.environ["BENCH_EXTRA_PORTS"].split(","))
    config = TritonConfig(http_address="127.0.0.1", http_port=PORT, grpc_port=grpc, metrics_port=metrics)
    with Triton(config=config) as triton:
        triton.bind(
            model_name="digits",
            infer_func=infer,
            inputs=[Tensor(name="image", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="probabilities", dtype=np.float32, shape=(10,))],
            config=ModelConfig(max_batch_size=32, batcher=DynamicBatcher(max_queue_delay_microseconds=500)),
        )
        triton.serve()
