/** A touch event, and the conversation that was under the finger: its row may show another one later. */
export interface Touch {
  readonly event: TouchEvent
  readonly threadId: string | undefined
}

/** The conversation of the row in which something is. */
export function threadAt(target: EventTarget | null): string | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-thread]') : null
  return row?.dataset['thread']
}

/** Calls `hear` for each touch event, until `signal` aborts. */
export function hearTouches(region: HTMLElement, signal: AbortSignal, hear: (touch: Touch) => void): void {
  const told = (event: TouchEvent): void => hear({ event, threadId: threadAt(event.target) })
  for (const name of ['touchstart', 'touchmove', 'touchend', 'touchcancel'] as const)
    region.addEventListener(name, told, { signal, passive: true })
}

/**
 * What a finger does before what follows it is loaded: the events of the last touch. It keeps no earlier one: people who saw
 * nothing happen repeat a swipe, and mean it once.
 */
export class EarlyTouches {
  #touches: Touch[] = []

  /** Returns how to end it. */
  hear(region: HTMLElement): () => void {
    const ends = new AbortController()
    hearTouches(region, ends.signal, (touch) => {
      if (touch.event.type === 'touchstart') this.#touches = []
      this.#touches.push(touch)
    })
    return () => ends.abort()
  }

  take(): readonly Touch[] {
    return this.#touches.splice(0)
  }
}
