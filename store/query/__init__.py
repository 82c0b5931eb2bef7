"""Reading lists: filters, sorting and paging under the names of Camunda's REST API, one table of them per kind of row.

A `Resource` says which filters and sort orders exist and of which kind they are, so that the HTTP facade can parse the
query string and the JSON body of every list operation with one function.
"""

from store.query.resource import Resource, Sort

__all__ = ["Resource", "Sort"]
