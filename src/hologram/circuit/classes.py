"""The 96 classes of the Atlas: class index, sigil numbering and resonance labelling, mirrors and neighbours.

```python
from hologram.circuit.classes import Label, Sigil, mirror, neighbours

Sigil.of(21)              # quadrant 0, modality 2, context 5
Label.of(21).number       # the same class in the resonance numbering, which no function takes for an index
Label.numbered(31).index  # and back
mirror(21), neighbours(21)
```
"""

from hologram.isa.classes import MIRRORS, NEIGHBOURS, PHASES, UNITY, Label, Sigil, check_index, mirror, neighbours
from hologram.isa.operands import BYTES_PER_CLASS, BYTES_PER_PAGE, CLASSES, PAGES_PER_CLASS

__all__ = [
    "BYTES_PER_CLASS",
    "BYTES_PER_PAGE",
    "CLASSES",
    "MIRRORS",
    "NEIGHBOURS",
    "PAGES_PER_CLASS",
    "PHASES",
    "UNITY",
    "Label",
    "Sigil",
    "check_index",
    "mirror",
    "neighbours",
]
