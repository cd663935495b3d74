"""What names of columns tell."""

import pytest

from mltools.core import telling


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customerID", ("customer", "id")),
        ("customer_id", ("customer", "id")),
        ("HTTPStatus", ("http", "status")),
        ("Zip code", ("zip", "code")),
        ("", ()),
        ("|#-", ()),
        ("größe", ("größe",)),
    ],
)
def test_a_name_is_taken_apart_into_words(name: str, expected: tuple[str, ...]) -> None:
    assert telling.words(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "E-Mail",
        "user_email",
        "phone",
        "first_name",
        "lastName",
        "name",
        "Customer Name",
        "ip_address",
        "IBAN",
        "dob",
        "credit_card",
        "SocialSecurity",
        "api_token",
    ],
)
def test_names_that_describe_a_person(name: str) -> None:
    assert telling.personal(name)
    assert telling.role(name) == "sensitive"


@pytest.mark.parametrize(
    "name", ["product_name", "filename", "has_email", "is_mobile", "tokens", "mean radius", "species"]
)
def test_names_that_do_not(name: str) -> None:
    assert not telling.personal(name)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("id", True),
        ("userId", True),
        ("uuid_short", True),
        ("paid", False),
        ("idle", False),
        ("key", True),
        ("", False),
    ],
)
def test_names_of_identifiers(name: str, is_one: bool) -> None:  # noqa: FBT001 - a case
    assert telling.identifying(name) is is_one


@pytest.mark.parametrize(
    ("name", "asks"),
    [("is_member", True), ("hasPaid", True), ("fraud_flag", True), ("island", False), ("", False)],
)
def test_names_that_ask_a_question(name: str, asks: bool) -> None:  # noqa: FBT001 - a case
    assert telling.asking(name) is asks


def test_only_a_plain_target_is_one() -> None:
    assert telling.role("target") == "target"
    assert telling.role("Label") == "target"
    assert telling.role("target_url") is None
    assert telling.role("y") is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["created_at"], "created_at"),
        (["order_date"], "order_date"),
        (["opened"], None),
        (["order_date", "ship_date"], None),
        (["ts", "ship_date"], "ts"),
        (["birthday", "date"], "date"),
        (["date_of_birth", "birthdate"], None),
        ([], None),
    ],
)
def test_the_time_of_a_row_is_the_one_column_that_is_called_so(
    names: list[str], expected: str | None
) -> None:
    assert telling.when(names) == expected
