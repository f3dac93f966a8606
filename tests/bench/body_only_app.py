"""A Flask route that only reads the body: what this stack could do at most. Run under plain gunicorn."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/predict/digits")
def read() -> dict[str, int]:
    return {"bytes": len(request.get_data())}
