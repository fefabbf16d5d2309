"""Where errors become text: what a command raises is printed as its message, never as a traceback."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from traceback import format_exception

from hologram.errors import HologramError

REFUSED = 1


def guarded(action: Callable[[], int], traceback: bool = False) -> int:
    """Run a command; print an error's own text on stderr and give 1, or raise it when HOLOGRAM_DEBUG is set.

    `traceback` (the -v of atlas-compile) shows where the error came from as well.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # the name of a file need not be text in the terminal's encoding
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return action()
    except BrokenPipeError:
        # The reader of our output has gone (`hologram disasm x | head`): not an error, but nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except (HologramError, OSError) as error:
        if os.environ.get("HOLOGRAM_DEBUG"):
            raise
        if traceback:
            sys.stderr.writelines(format_exception(error))
        print_error(error)
        return REFUSED


def print_error(error: Exception) -> None:
    """Write an error's text to stderr, headed by `error:` unless it brings its own place and caret."""
    text = str(error)
    sys.stderr.write(f"{text}\n" if ": error: " in text else f"error: {text}\n")
