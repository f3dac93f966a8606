"""FastAPI under uvicorn with one worker per core. Blocking code runs in the thread pool, as its documentation says."""

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from net import Net, decode

app = FastAPI()
net = Net()


def _compute_probabilities(png: bytes) -> list[float]:
    return net(decode(png)[None])[0].tolist()


@app.post("/predict")
async def predict(request: Request) -> dict[str, list[float]]:
    return {"probabilities": await run_in_threadpool(_compute_probabilities, await request.body())}
