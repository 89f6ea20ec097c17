"""What holds for every view, whoever looks at it: axe finds nothing; nothing is cut off, outside the window, or written
over something else; and for fingers everything is large enough."""

from playwright.async_api import Page, expect

from axe import violations

WIDTHS = (320, 1440)
HEIGHT = 800

_CUT_OFF = """() => {
  const hidden = '#svelte-announcer, .visually-hidden, svg, iframe, [inert], [aria-hidden="true"]'
  const found = []
  for (const element of document.querySelectorAll('body *')) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    if (!isText || element.closest(hidden) || !element.checkVisibility({ visibilityProperty: true })) continue
    const { overflowX, overflowY, textOverflow, webkitLineClamp, display } = getComputedStyle(element)
    const what = `${element.tagName} ${element.className} "${element.textContent.trim().slice(0, 40)}"`
    if (display !== 'inline') {
      const wide = element.scrollWidth - element.clientWidth, high = element.scrollHeight - element.clientHeight
      const [cutsX, cutsY] = [overflowX, overflowY].map((how) => ['hidden', 'clip'].includes(how))
      const isMeant = textOverflow === 'ellipsis' || webkitLineClamp !== 'none'
      if (wide > 1 && cutsX && !isMeant) found.push(`cut at its side: ${what}`)
      if (high > 3 && cutsY && !isMeant) found.push(`cut at its foot: ${what}`)
    }
    const box = element.getBoundingClientRect()
    let scrolls = false
    for (let around = element.parentElement; around && !scrolls; around = around.parentElement)
      scrolls = getComputedStyle(around).overflowX !== 'visible'
    if (!scrolls && (box.right > innerWidth + 1 || box.left < -1)) found.push(`outside: ${what}`)
  }
  for (const dialog of document.querySelectorAll('dialog[open], [popover]:popover-open'))
    if (dialog.scrollWidth > dialog.clientWidth + 1)
      found.push(`a dialog scrolls to its side: "${dialog.textContent.trim().slice(0, 40)}"`)
  for (const box of document.querySelectorAll('input:is([type="checkbox"], [type="radio"]):not([role="switch"])')) {
    const { width, height } = box.getBoundingClientRect()
    // The boxes of a segment lie over its words, unseen.
    const isSeen = getComputedStyle(box).opacity !== '0'
    const label = box.parentElement.textContent.trim()
    if (isSeen && Math.abs(width - height) > 0.5) found.push(`the box is squeezed of "${label}"`)
  }
  const wider = document.documentElement.scrollWidth - innerWidth
  return wider > 0 ? [`the page is ${wider} px too wide`, ...found] : found
}"""


# Words of one card, header or form that can be seen, and lie over each other.
_OVERLAPPING = """() => {
  const words = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement
    const part = around.closest('article, header, form, dialog, [role="row"], li')
    const isShown = around.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    if (!part || !node.textContent.trim() || !isShown || around.closest('.visually-hidden, [inert]')) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const { left, right, top: above, bottom } of range.getClientRects()) {
      // As far as it is not cut off with an ellipsis.
      const box = { left, right, top: above, bottom }
      for (let clip = around; clip; clip = clip.parentElement) {
        if (getComputedStyle(clip).overflowX === 'visible') continue
        const edge = clip.getBoundingClientRect()
        box.left = Math.max(box.left, edge.left)
        box.right = Math.min(box.right, edge.right)
      }
      const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2)
      const isSeen = top && (around.contains(top) || top.contains(around))
      if (isSeen) words.push({ part, around, box, text: node.textContent })
    }
  }
  const found = []
  words.forEach((one, at) => {
    for (const other of words.slice(at + 1)) {
      if (one.part !== other.part || one.around === other.around) continue
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left)
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top)
      if (across > 2 && down > 6) found.push(`"${one.text.trim()}" lies over "${other.text.trim()}"`)
    }
  })
  return found
}"""


# What a message offers stands beside the name of its sender, however long the words of that are.
_BESIDE = """() => [...document.querySelectorAll('article .head button')].filter((control) => {
    const [own, head] = [control, control.closest('.head')].map((element) => element.getBoundingClientRect())
    const isOver = control.closest('dialog, [popover]')
    return !isOver && own.width > 0 && (own.right > head.right + 1 || own.left < head.left - 1)
  }).map((control) => `outside the head of its message: ${control.outerHTML.slice(0, 80)}`)"""


# No heading repeats the one above it, the figures of a list are not cut off, and only one arrow leads back.
_TWICE = """() => {
  const isSeen = (part) => {
    for (let around = part; around; around = around.parentElement)
      if (getComputedStyle(around).clipPath !== 'none') return false
    return part.checkVisibility({ visibilityProperty: true }) && !part.closest('[inert]')
  }
  const found = []
  for (const main of document.querySelectorAll('main')) {
    const headings = [...main.querySelectorAll('h1, h2, h3, h4')].filter(isSeen)
    headings.forEach((heading, at) => {
      const above = headings[at - 1]
      const repeats = above && heading.textContent.trim() === above.textContent.trim()
      if (repeats && heading.tagName !== above.tagName) found.push(`said twice: "${heading.textContent.trim()}"`)
    })
    const back = [...main.querySelectorAll('svg use[href$="arrow-left"]')].filter((icon) => isSeen(icon.parentElement))
    if (back.length > 1) found.push(`${back.length} arrows lead back`)
    // With large text, an ellipsis ends them.
    const isLarge = parseFloat(getComputedStyle(document.documentElement).fontSize) > 16
    for (const figures of isLarge ? [] : main.querySelectorAll('header .figures'))
      if (figures.scrollWidth > figures.clientWidth + 1) found.push(`cut off: "${figures.textContent.trim()}"`)
  }
  return found
}"""

# Where a long name is broken anywhere, a browser that knows the language may break it at a syllable, with a hyphen.
_WITHOUT_HYPHEN = """() => [...document.querySelectorAll('article .name')].filter((name) => {
    const { overflowWrap, hyphens } = getComputedStyle(name)
    return overflowWrap === 'anywhere' && hyphens !== 'auto'
  }).map((name) => `broken without a hyphen: "${name.textContent}"`)"""


async def cut_off(page: Page) -> list[str]:
    scripts = (_CUT_OFF, _OVERLAPPING, _BESIDE, _TWICE, _WITHOUT_HYPHEN)
    return [each for script in scripts for each in await page.evaluate(script)]


# What is pressed, with what around it is pressed in its stead: 44 by 44, or as much of it as can be seen.
_TOO_SMALL = """() => {
  const controls = 'a[href], button, input:not([type=hidden]), select, summary, [role=menuitem], [role=option]'
  const found = []
  for (const control of document.querySelectorAll(controls)) {
    const { display } = getComputedStyle(control)
    const isShown = control.checkVisibility({ visibilityProperty: true }) && !control.closest('[inert]')
    if (!isShown || (control.tagName === 'A' && display === 'inline')) continue
    const pressed = control.closest('label') ?? control
    const { x, y, width, height } = pressed.getBoundingClientRect()
    const top = document.elementFromPoint(x + width / 2, y + height / 2)
    if (width < 2 || !top || !(pressed.contains(top) || top.contains(pressed))) continue
    const reach = (dx, dy) => {
      const there = document.elementFromPoint(x + width / 2 + dx, y + height / 2 + dy)
      return !there || pressed.contains(there) || there.contains(pressed)
    }
    const isHigh = height > 41 || (reach(0, 21) && reach(0, -21))
    const isWide = width > 35 || (reach(21, 0) && reach(-21, 0))
    if (!isHigh || !isWide)
      found.push(`${control.outerHTML.slice(0, 80)} ${Math.round(width)} by ${Math.round(height)}`)
  }
  return found
}"""


async def require_for_fingers(page: Page, name: str) -> None:
    found = [f"{name}: {each}" for each in await page.evaluate(_TOO_SMALL)]
    assert found == [], "\n".join(found)


async def resize(page: Page, width: int) -> None:
    """What the page itself does about its new size is done a frame later."""
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


async def _is_whole(page: Page) -> None:
    """Parts that come late have come: every view has its landmark, unless a window covers it."""
    await expect(page.locator("main:not([inert] main), [role=dialog]").first).to_be_attached()


async def require_for_everyone(page: Page, name: str) -> None:
    """On a phone in the dark, and on a desk in both themes, between which only colours differ. A phone in the light has
    the colours of the desk."""
    phone, desk = WIDTHS
    found: list[str] = []
    await page.emulate_media(color_scheme="dark")
    await resize(page, phone)
    await _is_whole(page)
    found += [f"{name}, {phone}, dark: {each}" for each in [*await violations(page), *await cut_off(page)]]
    await page.emulate_media(color_scheme="light")
    await resize(page, desk)
    await _is_whole(page)
    found += [f"{name}, {desk}: {each}" for each in [*await violations(page), *await cut_off(page)]]
    await page.emulate_media(color_scheme="dark")
    found += [f"{name}, {desk}, dark: {each}" for each in await violations(page, "color-contrast")]
    assert found == [], "\n".join(found)


async def require_with_large_text(page: Page, name: str, *widths: int) -> None:
    """200 % text (WCAG 1.4.4): as the browser's setting makes it, which queries of the width heed, too."""
    session = await page.context.new_cdp_session(page)
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    found: list[str] = []
    try:
        for width in widths:
            await resize(page, width)
            found += [f"{name}, text of 200 %, {width}: {each}" for each in await cut_off(page)]
    finally:
        await session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        await session.detach()
    assert found == [], "\n".join(found)


# What does not lie where it did, seen in a mirror, once the page is read from right to left: of what is pressed, and of
# what holds other things, but not what a text runs through, or a script put somewhere when it was opened.
_NOT_MIRRORED = """() => {
  const parts = 'button, a, input, select, svg, [role], header, nav, main, section, article, li, form, fieldset'
  const apart = '[dir=ltr], [dir=auto], .placed, [popover], .visually-hidden, [aria-hidden=true]:not(svg)'
  const shown = [...document.querySelectorAll(parts)].filter((part) => {
    const flows = getComputedStyle(part).display.startsWith('inline') && part.tagName !== 'svg'
    return part.checkVisibility({ visibilityProperty: true }) && !flows && !part.closest(apart)
  })
  const places = () => shown.map((part) => part.getBoundingClientRect())
  const before = places()
  Object.assign(document.documentElement, { dir: 'rtl', lang: 'he' })
  const after = places()
  return shown.flatMap((part, at) => {
    const [one, other] = [before[at], after[at]]
    const away = Math.max(Math.abs(one.left + other.right - innerWidth), Math.abs(one.right + other.left - innerWidth))
    const isThere = part.isConnected && one.width > 1 && other.width > 1
    return isThere && away > 2 ? [`not mirrored, by ${Math.round(away)}: ${part.outerHTML.slice(0, 90)}`] : []
  })
}"""

# Latin letters become Hebrew ones: there is no language yet that is written so.
_IN_HEBREW = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (!node.parentElement.closest('[dir=ltr], script, style'))
      node.data = node.data.replace(/[a-z]/gi, (letter) => String.fromCharCode(0x5d0 + (letter.charCodeAt(0) % 27)))
}"""


# The build asks for the language in place of `:dir()`, which older browsers do not know.
_TO_THE_LEFT = "Object.assign(document.documentElement, { dir: 'rtl', lang: 'he' })"
_TO_THE_RIGHT = "Object.assign(document.documentElement, { dir: '', lang: 'en' })"


async def read_from_right_to_left(page: Page) -> None:
    await page.evaluate(_TO_THE_LEFT)


async def require_from_right_to_left(page: Page, name: str) -> None:
    """The layout of a language that is written so: mirrored, and nothing in it cut off or written over. What reads the
    direction asks for it at each event, so that it may be set after the page was drawn."""
    found: list[str] = []
    for width in WIDTHS:
        await resize(page, width)
        await page.evaluate(_TO_THE_RIGHT)
        found += [f"{name}, {width}: {each}" for each in await page.evaluate(_NOT_MIRRORED)]
    await page.evaluate(_IN_HEBREW)
    for width in reversed(WIDTHS):
        await resize(page, width)
        found += [f"{name}, right to left, {width}: {each}" for each in await cut_off(page)]
    await page.evaluate(_TO_THE_RIGHT)
    assert found == [], "\n".join(found)
