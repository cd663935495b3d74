"""What a column's name tells about it: an identifier, a person, a share, a question. Used where values leave it open."""

import re
from collections.abc import Iterable
from itertools import pairwise

from mltools.core.contract import Role

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")

_IDS = frozenset(
    {"id", "ids", "key", "uuid", "guid", "pk", "oid", "identifier", "hash", "sha1", "sha256", "md5"}
)
_NUMBERED = frozenset({"number", "no", "nr", "num", "index", "code", "ref", "reference"})
_QUESTIONS = frozenset({"is", "has", "was", "are", "can", "does", "did", "should"})
_FLAGS = frozenset({"flag", "bool", "boolean"})
_SHARES = frozenset(
    {"share", "rate", "ratio", "fraction", "frac", "proportion", "prob", "probability", "pct", "percent"}
    | {"percentage", "perc"}
)
_TIMES = ("timestamp", "datetime", "time", "ts", "date")
# What identifies or describes one person, and passwords. Words of several parts are looked for joined.
_PERSONAL = frozenset(
    {
        "email",
        "mail",
        "phone",
        "telephone",
        "mobile",
        "fax",
        "ssn",
        "nino",
        "iban",
        "bic",
        "passport",
        "password",
    }
    | {"passwd", "secret", "token", "address", "street", "surname", "lastname", "firstname", "fullname"}
    | {"forename", "nickname", "username", "birthday", "birthdate", "dob", "ip", "ipaddress", "creditcard"}
    | {"cardnumber", "taxid", "nationalid", "socialsecurity", "licenseplate"}
)
_PERSONS = frozenset(
    {"name", "patient", "customer", "client", "person", "user", "employee", "first", "last", "full", "middle"}
    | {"given", "family", "maiden", "contact", "owner", "author", "member", "student", "doctor"}
)


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in small letters: `customerID`, `customer_id` and `Customer id` have the same."""
    return tuple(word.lower() for part in _WORD.findall(name) for word in _CAMEL.split(part))


def personal(name: str) -> bool:
    """Whether the name says that a person is described: their values go into no comment and no report."""
    parts = words(name)
    if asking(name):  # has_email, is_mobile
        return False
    joined = {"".join(pair) for pair in pairwise(parts)} | {"".join(parts)}
    if _PERSONAL & (set(parts) | joined):
        return True
    return parts[-1:] == ("name",) and _PERSONS.issuperset(parts)


def identifying(name: str) -> bool:
    """Whether the name is one for identifiers."""
    parts = words(name)
    return parts[-1:] != () and (parts[-1] in _IDS or parts[0] in {"uuid", "guid"})


def numbering(name: str) -> bool:
    """Whether the name is one for numbers that name things, and of which nothing is computed."""
    return words(name)[-1:] != () and words(name)[-1] in _NUMBERED


def asking(name: str) -> bool:
    """Whether the name asks a question that is answered by yes or no."""
    parts = words(name)
    return bool(parts) and (parts[0] in _QUESTIONS or parts[-1] in _FLAGS)


def sharing(name: str) -> bool:
    """Whether the name is that of a share or a percentage."""
    return not _SHARES.isdisjoint(words(name))


def named(name: str, *singles: str) -> bool:
    """Whether one of these words ends the name, as `age` does `mean_age` but not `age_group`."""
    return words(name)[-1:] != () and words(name)[-1] in singles


def target(name: str) -> bool:
    """Whether the name can only be that of what is to be predicted."""
    return words(name) in {("target",), ("label",)}


def when(names: Iterable[str]) -> str | None:
    """The column among those of dates or times that tells when a row came to be; None when no name stands out."""
    among = [name for name in names if not personal(name)]
    if len(among) == 1 and named(among[0], *_TIMES, "at", "on", "day"):
        return among[0]
    for word in _TIMES:
        found = [name for name in among if words(name) in {(word,), ("event", word), ("created", "at")}]
        if len(found) == 1:
            return found[0]
    return None


def role(name: str) -> Role | None:
    """The role that a name alone gives a column."""
    if personal(name):
        return "sensitive"
    if identifying(name):
        return "id"
    return "target" if target(name) else None
