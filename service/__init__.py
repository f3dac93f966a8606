"""The serving half of Inkpaw: `web` answers HTTP, `engine` owns TensorFlow, `ipc` connects them, the root is shared."""
