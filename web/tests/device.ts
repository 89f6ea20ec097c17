/** What jsdom lacks of a browser. Import it before any view. */

/** A phone has a narrow window, and a finger for a pointer. */
export const device = { phone: false }

class Query extends EventTarget {
  readonly media: string

  constructor(media: string) {
    super()
    this.media = media
  }

  get matches(): boolean {
    return device.phone && /max-width|coarse/.test(this.media)
  }
}

/** Nothing has a size in jsdom. */
class NoSizes {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

/** Elements that wait until they come near; a test brings one there. */
export const waiting = new Map<Element, () => void>()

class Waiting {
  readonly #seen: (entries: { isIntersecting: boolean }[]) => void
  constructor(seen: (entries: { isIntersecting: boolean }[]) => void) {
    this.#seen = seen
  }
  observe(element: Element): void {
    waiting.set(element, () => this.#seen([{ isIntersecting: true }]))
  }
  disconnect(): void {}
}

/** What was scrolled into view, newest last. */
export const revealed: Element[] = []

if (typeof window !== 'undefined') {
  Element.prototype.scrollIntoView = function (this: Element) {
    revealed.push(this)
  }
  const before = new WeakMap<HTMLDialogElement, Element | null>()
  Object.assign(HTMLDialogElement.prototype, {
    showModal(this: HTMLDialogElement) {
      before.set(this, document.activeElement)
      this.open = true
      const first = [...this.querySelectorAll<HTMLButtonElement>('button, input')].find(({ autofocus }) => autofocus)
      first?.focus()
    },
    close(this: HTMLDialogElement) {
      if (!this.open) return
      this.open = false
      const had = before.get(this)
      if (had instanceof HTMLElement) had.focus()
      this.dispatchEvent(new Event('close'))
    }
  })
  // What is not rendered takes no focus.
  Object.assign(HTMLElement.prototype, {
    showPopover(this: HTMLElement) {
      this.style.display = 'block'
    }
  })
  Object.assign(window, {
    matchMedia: (media: string) => new Query(media),
    requestIdleCallback: (work: () => void) => setTimeout(work),
    requestAnimationFrame: (work: (now: number) => void) => setTimeout(() => work(performance.now())),
    cancelAnimationFrame: clearTimeout,
    cancelIdleCallback: (callback: ReturnType<typeof setTimeout>) => clearTimeout(callback),
    ResizeObserver: NoSizes,
    IntersectionObserver: Waiting
  })
}
