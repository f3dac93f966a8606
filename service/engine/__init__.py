"""The engine process of one device: the only owner of TensorFlow and of GPU memory.

Stands on `ipc` beside `web`, which it never imports.
"""
