"""`with hologram.trace("run.json"):` writes down what happens, with times, for chrome://tracing and Perfetto."""
