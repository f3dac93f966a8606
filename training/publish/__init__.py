"""Publishing a candidate under `models/`."""
