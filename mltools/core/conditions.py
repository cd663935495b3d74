"""The conditions of a contract's `checks`, read from their text: a safe part of SQL.

One scalar condition over the contract's columns: comparisons, arithmetic, AND, OR, NOT, IN, BETWEEN, LIKE, IS, CASE and
the functions of `expressions`. Nothing else can be said: no query, no star, no aggregate, no setting, no file. It is read
here and not by an engine, because a contract is checked where none is loaded and must mean the same to each.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from mltools.core.expressions import (
    BOOLEANS,
    LARGEST,
    NUMBERS,
    SPOKEN,
    TEXTS,
    Kind,
    Node,
    added,
    alike,
    arithmetic,
    call,
    column,
    compared,
    constant,
    logic,
    moment_of,
    negated,
    node,
    number,
    require,
    used,
)
from mltools.core.names import shown
from mltools.core.tokens import Token, tokens

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
KEYWORDS = frozenset(
    ["AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN", "WHEN", "THEN", "ELSE", "END", "DISTINCT", "FROM"]
)
SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400, "WEEK": 604_800}
DEEPEST = 20


def parse_condition(text: str, columns: Mapping[str, Kind]) -> Node:
    """The condition in `text` over columns of these kinds. Raises ValueError saying what is wrong with it."""
    reader = _Reader(tokens(text), columns)
    tree = reader.whole()
    if tree.kind not in {"boolean", "null"}:
        raise ValueError(f"is {SPOKEN[tree.kind]}, not a condition that holds or does not")
    if not used(tree):
        raise ValueError("names no column, so it says nothing about the data")
    return tree


class _Reader:
    """Recursive descent: one method for each level of precedence, in SQL's order."""

    def __init__(self, words: Sequence[Token], columns: Mapping[str, Kind]) -> None:
        self._words = words
        self._columns = columns
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        tree = self._any_of()
        if self._now.sort != "end":
            self._refuse("expected the end")
        return tree

    @property
    def _now(self) -> Token:
        return self._words[self._at]

    def _next(self) -> Token:
        """The word that stands here, which is passed. The end stays."""
        token = self._now
        self._at += token.sort != "end"
        return token

    def _took(self, *words: str) -> str | None:
        """The keyword or sign that stands here, if it is one of these; then it is passed."""
        token = self._now
        word = token.text if token.sort == "sign" else token.word
        if word not in words:
            return None
        self._next()
        return word

    def _need(self, word: str) -> None:
        if self._took(word) is None:
            self._refuse(f"expected {word}")

    def _refuse(self, what: str) -> NoReturn:
        found = self._now
        raise ValueError(
            f"{what}, found {found.text if found.sort == 'end' else repr(shown(found.text, 40))}"
        )

    def _any_of(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"is nested more than {DEEPEST} levels deep")
        parts = [self._all_of()]
        while self._took("OR"):
            parts.append(self._all_of())
        self._depth -= 1
        return logic("or", parts)

    def _all_of(self) -> Node:
        parts = [self._not()]
        while self._took("AND"):
            parts.append(self._not())
        return logic("and", parts)

    def _not(self) -> Node:
        times = 0
        while self._took("NOT"):
            times += 1
        tree = self._predicate()
        for _ in range(times):
            tree = negated(tree)
        return tree

    def _predicate(self) -> Node:
        left = self._sum()
        sign = self._took(*COMPARISONS)
        if sign:
            return compared(sign, left, self._sum())
        if self._took("IS"):
            return self._is(left)
        wanted = self._took("NOT") is None
        tree = self._membership(left)
        if tree is None and not wanted:
            self._refuse("expected IN, BETWEEN or LIKE after NOT")
        return left if tree is None else tree if wanted else negated(tree)

    def _is(self, left: Node) -> Node:
        wanted = self._took("NOT") is None
        match self._took("NULL", "TRUE", "FALSE", "DISTINCT"):
            case "NULL":
                tree = node("is null", "boolean", left)
            case "TRUE" | "FALSE" as word:
                require(left, BOOLEANS, f"IS {word}")
                tree = compared("is", left, constant("boolean", word.lower()))
            case "DISTINCT":
                self._need("FROM")
                tree = negated(compared("is", left, self._sum()))
            case _:
                self._refuse("expected NULL, TRUE, FALSE or DISTINCT FROM")
        return tree if wanted else negated(tree)

    def _membership(self, left: Node) -> Node | None:
        match self._took("IN", "BETWEEN", "LIKE"):
            case "IN":
                self._need("(")
                return node("in", "boolean", *alike([left, *self._list()], "IN"))
            case "BETWEEN":
                low = self._sum()
                self._need("AND")
                return logic("and", [compared(">=", left, low), compared("<=", left, self._sum())])
            case "LIKE":
                require(left, TEXTS, "LIKE")
                if self._now.sort != "text":
                    self._refuse("expected a pattern in single quotes after LIKE")
                return node("like", "boolean", left, text=self._next().text)
        return None

    def _list(self) -> list[Node]:
        """What stands between an opening parenthesis, passed already, and the closing one."""
        found = [self._any_of()]
        while self._took(","):
            found.append(self._any_of())
        self._need(")")
        return found

    def _sum(self) -> Node:
        tree = self._product()
        while sign := self._took("+", "-", "||"):
            tree = added(sign, tree, self._product())
        return tree

    def _product(self) -> Node:
        tree = self._signed()
        while sign := self._took("*", "/", "%"):
            tree = arithmetic(sign, tree, self._signed())
        return tree

    def _signed(self) -> Node:
        minus = 0
        while sign := self._took("-", "+"):
            minus += sign == "-"
        tree = self._value()
        if minus % 2:
            require(tree, NUMBERS, "-")
            return node("negative", tree.kind, tree)
        return tree

    def _value(self) -> Node:
        token = self._now
        if token.sort == "end" or token.word in KEYWORDS:
            hint = " (a column of that name goes in double quotes)" if token.word else ""
            self._refuse(f"expected a value{hint}")
        self._next()
        match token.sort:
            case "number":
                return number(token.text)
            case "text":
                return constant("text", token.text)
            case "quoted":
                return column(token.text, self._columns)
            case "name":
                return self._named(token)
        if token.text != "(":
            self._at -= 1
            self._refuse("expected a value")
        (tree, *others) = self._list()
        if others:
            raise ValueError("lists values in parentheses; that stands only after IN or a function")
        return tree

    def _named(self, token: Token) -> Node:
        """A constant, a function or a column: told by the word and by what follows it."""
        following = self._now
        match token.word:
            case "TRUE" | "FALSE":
                return constant("boolean", token.word.lower())
            case "NULL":
                return constant("null")
            case "CASE":
                return self._case()
            case "SELECT":
                raise ValueError("asks a query; a check is one condition on the columns of one row")
            case "DATE" | "TIMESTAMP" if following.sort == "text":
                return moment_of(self._next().text, "date" if token.word == "DATE" else "datetime")
            case "INTERVAL" if following.sort in {"number", "text"}:
                return self._interval()
        if self._took("("):
            return call(token.text, [] if self._took(")") else self._list())
        return column(token.text, self._columns)

    def _interval(self) -> Node:
        """INTERVAL 3 DAY, INTERVAL '3' DAY or INTERVAL '3 days'. Months and years have no fixed length."""
        said = self._next().text
        if said.strip().isdecimal():
            said = f"{said.strip()} {self._next().text}"
        count, _, unit = said.strip().partition(" ")
        seconds = SECONDS.get(unit.strip().upper().removesuffix("S"))
        if not count.isdecimal() or seconds is None or int(count) * seconds > LARGEST // 10**6:
            raise ValueError(
                f"INTERVAL {shown(said, 40)!r} is not understood; it is a whole number of seconds, minutes, hours, "
                "days or weeks, such as INTERVAL 36 HOUR"
            )
        return constant("duration", str(int(count) * seconds))

    def _case(self) -> Node:
        conditions: list[Node] = []
        values: list[Node] = []
        while self._took("WHEN"):
            conditions.append(self._any_of())
            require(conditions[-1], BOOLEANS, "WHEN")
            self._need("THEN")
            values.append(self._any_of())
        if not conditions:
            self._refuse("expected WHEN after CASE")
        values.append(self._any_of() if self._took("ELSE") else constant("null"))
        self._need("END")
        *results, otherwise = alike(values, "CASE")
        pairs = [part for pair in zip(conditions, results, strict=True) for part in pair]
        return node("case", otherwise.kind, *pairs, otherwise)
