"""Expressions as processes and decisions have them, with the data they run on and the names of what they show."""

from __future__ import annotations

from typing import Any

DATA: dict[str, Any] = {
    "amount": 1250.5,
    "limit": 1000,
    "status": "approved",
    "vip": True,
    "score": 710,
    "country": "DE",
    "customer": {"name": "Ada Lovelace", "age": 36, "address": {"city": "London", "zip": "NW1"}},
    "items": [
        {"sku": "a-1", "price": 10, "quantity": 2},
        {"sku": "b-2", "price": 25.5, "quantity": 1},
        {"sku": "c-3", "price": 4, "quantity": 12},
        {"sku": "d-4", "price": 99, "quantity": 3},
    ],
    "tags": ["new", "urgent", "export"],
    "orderDate": "2024-05-17",
}

CASES: dict[str, str] = {
    "condition": "amount > limit",
    "condition-and-or": 'amount > 1000 and status = "approved" or vip = false',
    "path": "customer.address.city",
    "arithmetic": "(amount - limit) * 0.19 + score / 10",
    "if": 'if score >= 700 then "gold" else if score >= 500 then "silver" else "none"',
    "in-interval": "score in [650..800)",
    "in-list": 'country in ("AT", "CH", "DE")',
    "concatenation": '"Order of " + customer.name + " (" + country + ")"',
    "string-functions": 'upper case(substring before(customer.name, " "))',
    "list-function": "sum(items.price)",
    "contains": 'list contains(tags, "urgent")',
    "filter": "items[price * quantity > 40].sku",
    "for": "for i in items return i.price * i.quantity",
    "some": "some i in items satisfies i.quantity > 10",
    "context": "{net: amount, tax: net * 0.19, total: net + tax}.total",
    "date": 'date(orderDate) + duration("P30D") > date("2024-06-01")',
    "not-null": "customer != null and customer.age >= 18",
}
"""Every expression gives true, false, a string, a number or a list of these."""
