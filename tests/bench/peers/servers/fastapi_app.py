"""FastAPI under uvicorn with a worker a core; what blocks runs in the thread pool, as its documentation says."""

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from net import Net, pixels

app = FastAPI()
net = Net()


def _probabilities(png: bytes) -> list[float]:
    return net(pixels(png)[None])[0].tolist()


@app.post("/predict")
async def predict(request: Request) -> dict[str, list[float]]:
    return {"probabilities": await run_in_threadpool(_probabilities, await request.body())}
