"""`python -m hologram.cli`, the same as the `hologram` command."""

from hologram.cli import main

raise SystemExit(main())
