"""The limits that the session tells and method calls are held to."""

from postroom_sandbox.stalwart.errors import MethodError

MOST_OBJECTS = 500


def check_number(number: int) -> None:
    """Of the objects of one /get or /set. Raises MethodError."""
    if number > MOST_OBJECTS:
        description = (
            "The number of ids requested by the client exceeds the maximum number"
            " the server is willing to process in a single method call."
        )
        raise MethodError("requestTooLarge", description)
