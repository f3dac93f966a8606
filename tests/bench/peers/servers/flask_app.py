"""The plain way: Flask under gunicorn, the SavedModel in every worker, a request at a time."""

from flask import Flask, request
from net import Net, pixels

app = Flask(__name__)
net = Net()


@app.post("/predict")
def predict() -> dict[str, list[float]]:
    return {"probabilities": net(pixels(request.get_data())[None])[0].tolist()}
