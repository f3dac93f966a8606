"""The simplest server: Flask under gunicorn, with the SavedModel in every worker, and one row per call."""

from flask import Flask, request
from net import Net, decode

app = Flask(__name__)
net = Net()


@app.post("/predict")
def predict() -> dict[str, list[float]]:
    return {"probabilities": net(decode(request.get_data())[None])[0].tolist()}
