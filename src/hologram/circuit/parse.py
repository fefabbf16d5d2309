"""Circuit text to its tree.

phrase   = { prefix "@" } parallel
parallel = sequence { "||" sequence }
sequence = term { "." term }
term     = { prefix "@" } ( operation | "(" parallel ")" )
prefix   = ( ("R" | "D" | "T") sign integer | "~" ) { … }
sigil    = ( "c" integer | "c[" integer ".." integer "]" ) { "^" ["R" | "D" | "T"] sign integer | "~" | "@" page }
"""

from __future__ import annotations

from hologram.circuit.lexer import Source, Token, tokens
from hologram.circuit.transforms import Turn
from hologram.circuit.tree import Group, Number, Operation, Parallel, Phrase, Sequence, Sigil, Term, Turned
from hologram.circuit.tree import Source as Operand
from hologram.errors import CircuitError, Location
from hologram.isa.operands import CLASSES, PAGES_PER_CLASS

MAX_DEPTH = 64
SHAPES = {
    "mark": "alone",
    "quote": "alone",
    "evaluate": "alone",
    "copy": "->",
    "swap": "<->",
    "merge": "[",
    "split": "[",
    "reduce": "->",
    "softmax": "->",
}
"""How the operands of each generator are written."""
COUNTED = frozenset({"reduce", "softmax"})
DEFAULT_VARIANT = {"merge": "add", "split": "sub"}
_EXAMPLES = {
    "->": "{0}@c05->c06",
    "<->": "{0}@c10<->c11",
    "[": "{0}@c10[c11,c12]",
}


def parse(text: str, file: str = "<circuit>") -> Phrase:
    """The tree of a circuit; the whole text is read.

    Raises `CircuitError` with line, column and caret.

    >>> str(parse("mark@c[0..9]^+1").body.branches[0].terms[0].sources[0].turns[0])
    'T+1'
    """
    return _Parser(Source(text, file)).phrase()


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = tokens(source)
        self.token = next(self.tokens)
        self.depth = 0

    # Tokens -----------------------------------------------------------------------------------------------

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.token = next(self.tokens)
        return token

    def accept(self, kind: str) -> Token | None:
        return self.take() if self.token.kind == kind else None

    def expect(self, kind: str, what: str, hint: str = "") -> Token:
        if self.token.kind != kind:
            raise self.error(f"expected {what}, found {self.token}", self.token, hint)
        return self.take()

    def error(self, message: str, token: Token, hint: str = "") -> CircuitError:
        return self.source.error(message, token.start, token.end, hint)

    def place(self, token: Token, end: int | None = None) -> Location:
        return self.source.location(token.start, token.end if end is None else end)

    # Phrases ----------------------------------------------------------------------------------------------

    def phrase(self) -> Phrase:
        prefixes = self.prefixes()
        body = self.parallel()
        if self.token.kind != "end":
            hint = "join operations by '.' (one after the other) or '||' (side by side)"
            raise self.error(f"expected '.', '||' or the end, found {self.token}", self.token, hint)
        return Phrase(body, prefixes)

    def parallel(self) -> Parallel:
        branches = [self.sequence()]
        while self.accept("||"):
            branches.append(self.sequence())
        return Parallel(tuple(branches))

    def sequence(self) -> Sequence:
        terms = [self.term()]
        while self.accept("."):
            terms.append(self.term())
        return Sequence(tuple(terms))

    def prefixes(self) -> tuple[tuple[Turn, ...], ...]:
        out = []
        while self.token.kind in ("turn", "~"):
            turns = []
            while self.token.kind in ("turn", "~"):
                turns.append(self.turn())
            self.expect("@", "'@' after a prefix")
            out.append(tuple(turns))
        return tuple(out)

    def turn(self) -> Turn:
        token = self.take()
        return Turn("~") if token.kind == "~" else Turn(token.text, self.amount())

    def amount(self) -> int:
        sign = self.take()
        if sign.kind not in ("+", "-"):
            raise self.error(f"expected '+' or '-', found {sign}", sign, "an amount has a sign: R+1")
        number = int(self.expect("int", "a number").text)
        return -number if sign.kind == "-" else number

    def term(self) -> Term:
        prefixes = self.prefixes()
        opening = self.token
        body: Term
        if self.accept("("):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.error(f"parentheses are nested more than {MAX_DEPTH} deep", opening)
            body = Group(self.parallel())
            self.expect(")", "')'")
            self.depth -= 1
        else:
            body = self.operation()
        for turns in reversed(prefixes):
            body = Turned(turns, body)
        return body

    # Operations -------------------------------------------------------------------------------------------

    def operation(self) -> Operation:
        word = self.token
        if word.kind in ("class", "int"):
            raise self.error(f"expected a generator, found {word}", word, f"for example mark@{word.text}")
        self.expect("word", "a generator or '('", f"generators: {', '.join(SHAPES)}")
        generator, variant = word.text, ""
        if generator.startswith("reduce_"):
            generator, variant = "reduce", generator.removeprefix("reduce_")
        elif self.accept(":"):
            variant = self.expect("word", "a variant").text
        if generator not in SHAPES:
            raise self.error(f"there is no generator '{generator}'", word, f"there are {', '.join(SHAPES)}")
        self.expect("@", f"'@' after '{word.text}'")
        count = None
        first = self.token
        operand = self.operand()
        if generator in COUNTED and self.accept("["):
            count = int(self.expect("int", "how many elements").text)
            self.expect("]", "']'")
        sources, target = self.operands(generator, first, operand)
        place = Location(self.source.file, *self._span(word))
        variant = variant or DEFAULT_VARIANT.get(generator, "")
        return Operation(generator, variant, sources, target, count, place)

    def _span(self, word: Token) -> tuple[int, int, int]:
        place = self.place(word)
        return place.line, place.column, place.end_column

    def operands(self, generator: str, first: Token, source: Operand) -> tuple[tuple[Operand, ...], Sigil | None]:
        shape = SHAPES[generator]
        if shape == "alone":
            if isinstance(source, Number):
                raise self.error(f"{generator} takes a class", first)
            return (source,), source
        if not self.accept(shape):
            for other in ("->", "<->", "["):
                if self.token.kind == other:
                    hint = f"it is written {_EXAMPLES[shape].format(generator)}"
                    raise self.error(f"'{other}' does not belong to {generator}", self.token, hint)
            if isinstance(source, Number):
                raise self.error(f"{generator} of a number needs a target", first)
            return (source,), None
        if shape == "[":
            operands = [source, self.operand()]
            while self.accept(","):
                operands.append(self.operand())
            self.expect("]", "']'")
        else:
            operands = [source, self.operand()]
        target = operands[-1]
        if isinstance(target, Number):
            raise self.source.error("a number cannot be written to", *self._numbered(target))
        if shape == "<->" and isinstance(source, Number):
            raise self.error("a number cannot be written to", first)
        return tuple(operands if shape == "<->" else operands[:-1]), target

    def _numbered(self, number: Number) -> tuple[int, int]:
        assert number.location is not None
        start = 0
        for _ in range(number.location.line - 1):
            start = self.source.text.index("\n", start) + 1
        return start + number.location.column - 1, start + number.location.end_column - 1

    def operand(self) -> Operand:
        token = self.token
        if self.accept("immediate"):
            text = token.text[1:]
            return Number(
                int(text) if text.lstrip("+-").isdigit() and len(text) < 20 else float(text), self.place(token)
            )
        self.expect("class", "a class", "classes are c0 to c95")
        if token.text == "c":
            first, last = self.range()
        else:
            first, last = self.index(int(token.text[1:]), token), None
        turns: list[Turn] = []
        page = None
        while self.token.kind in ("^", "~", "@"):
            mark = self.take()
            if mark.kind == "~":
                turns.append(Turn("~"))
            elif mark.kind == "^":
                letter = self.take().text if self.token.kind == "turn" else "T"
                turns.append(Turn(letter, self.amount()))
            else:
                if page is not None:
                    raise self.error("a second page", mark)
                page = self.page()
        return Sigil(first, last, tuple(turns), page, self.place(token))

    def range(self) -> tuple[int, int]:
        self.expect("[", "'['")
        low = self.expect("int", "a class number")
        self.expect("..", "'..'")
        high = self.expect("int", "a class number")
        self.expect("]", "']'")
        first, last = self.index(int(low.text), low), self.index(int(high.text), high)
        if first > last:
            raise self.error(f"the range {first}..{last} runs backwards", low, f"write {last}..{first}")
        return first, last

    def index(self, number: int, token: Token) -> int:
        if number >= CLASSES:
            raise self.error(f"class {number} is out of range", token, f"classes are c0 to c{CLASSES - 1}")
        return number

    def page(self) -> int:
        token = self.expect("int", "a page number")
        if int(token.text) >= PAGES_PER_CLASS:
            raise self.error(f"page {token.text} is out of range", token, f"pages are 0 to {PAGES_PER_CLASS - 1}")
        return int(token.text)
