"""The HTTP half: thin modules, one a concern, run by gunicorn's workers. Nothing here imports TensorFlow."""
