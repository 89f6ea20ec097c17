"""A finger on the screen of a phone, in Chromium."""

from playwright.async_api import CDPSession, Locator


class Finger:
    def __init__(self, browser: CDPSession) -> None:
        self._browser = browser

    async def touches(self, kind: str, *points: tuple[float, float]) -> None:
        await self._browser.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    async def swipes(self, row: Locator, by: int) -> None:
        box = await row.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2 - by / 2, box["y"] + box["height"] / 2
        await self.touches("touchStart", (x, y))
        for step in range(1, 11):
            await self.touches("touchMove", (x + by * step / 10, y))
        await self.touches("touchEnd")
