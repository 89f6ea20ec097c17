"""Whether a server responds, for those who wait for it."""

import httpx2


async def is_ok(url: str) -> bool:
    """Whether it responds to a GET with 200."""
    try:
        async with httpx2.AsyncClient(timeout=2, trust_env=False) as http:
            return (await http.get(url)).status_code == 200
    except httpx2.HTTPError:
        return False
