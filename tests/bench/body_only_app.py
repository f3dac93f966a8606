"""A Flask route that only reads the body: the upper limit of this stack. It runs under plain gunicorn."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/predict/digits")
def read_body() -> dict[str, int]:
    return {"bytes": len(request.get_data())}
