"""Native entry points: calling a Python object runs machine code at once, with no Python code on the way."""
