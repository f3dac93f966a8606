"""The serving half of Inkpaw: `web` answers HTTP, `engine` owns TensorFlow, the root holds what both share."""
