// Runs in each document before its own scripts. All times are milliseconds since the navigation started.
window.bench = (() => {
  'use strict'
  // What is in the document before a frame is painted in it. The message arrives after the paint.
  const paint = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => resolve(performance.now())
        port2.postMessage(null)
      })
    )

  /** When the first frame was painted for which this holds. */
  const painted = (holds, after = paint) =>
    new Promise((resolve) => {
      const check = () => {
        if (!holds()) return
        observer.disconnect()
        resolve(after())
      }
      const observer = new MutationObserver(check)
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
      check()
    })

  const all = (selector) => [...document.querySelectorAll(selector)]
  const rows = () => all('[role="row"][data-thread]')
  // A frame has a height once the mail in it has told it.
  const text = () => all('article .content .text, article .content iframe[style*="height:"]').length > 0

  const press = (kind) =>
    new Promise((resolve) => addEventListener(kind, ({ timeStamp }) => resolve(timeStamp), { capture: true, once: true }))

  let awaited
  return {
    now: () => performance.now(),
    listed: painted(() => rows().length >= 50),
    script: painted(() => document.querySelector('body script'), () => performance.now()),
    /** When the first answer of this path arrived. */
    answered: (path) =>
      Math.min(
        ...performance
          .getEntriesByType('resource')
          .filter(({ name, responseEnd }) => new URL(name).pathname === path && responseEnd > 0)
          .map(({ responseEnd }) => responseEnd)
      ),
    /** The paths that were asked for before this moment. */
    askedBefore: (at) =>
      performance
        .getEntriesByType('resource')
        .filter(({ startTime }) => startTime <= at)
        .map(({ name }) => new URL(name).pathname),
    walk: () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true })),
    awaitRow(subject) {
      awaited = painted(() => all('[role="row"] .subject').some(({ textContent }) => textContent === subject))
    },
    awaitCurrent() {
      awaited = painted(() => document.querySelector('[role="row"].current'))
    },
    awaitClosed() {
      awaited = painted(() => !document.querySelector('article'))
    },
    /** Resolves to when Enter was pressed, and when the text was painted. */
    awaitText(thread) {
      document.querySelector(`[data-thread="${CSS.escape(thread)}"] [role="gridcell"]`).focus()
      awaited = press('keydown').then(async (at) => [at, await painted(text)])
    },
    awaited: () => awaited,
    /** Resolves to when the folder was pressed, and when rows of its list were painted. */
    awaitFolder(role) {
      awaited = press('click').then(async (at) => {
        const before = rows().map((row) => row.dataset.thread).join()
        const isOther = () => {
          const now = rows().map((row) => row.dataset.thread)
          return location.pathname === `/mail/${role}` && now.length > 0 && now.join() !== before
        }
        return [at, await painted(isOther)]
      })
    },
    /** Resolves to when a key was pressed, and when the star of the current row was painted, or its absence. */
    awaitStar() {
      const starred = () => document.querySelector('[role="row"].current .star') !== null
      const before = starred()
      awaited = press('keydown').then(async (at) => [at, await painted(() => starred() !== before)])
    },
    awaitAnyRow(subjects) {
      const any = new Set(subjects)
      awaited = painted(() => all('[role="row"] .subject').some(({ textContent }) => any.has(textContent)))
    },
    /** Scroll over so many rows in so many seconds. `empty`: the longest time in which the middle of the list showed no
     * row, nor the date above some; `frame`: the longest frame. */
    async scroll(count, seconds) {
      const grid = document.querySelector('[role="grid"]')
      const height = document.querySelector('[role="row"][data-thread]').getBoundingClientRect().height
      const box = grid.getBoundingClientRect()
      const started = performance.now()
      let [last, full, empty, frame] = [started, started, 0, 0]
      for (let now = started; now - started < 1000 * seconds; now = performance.now()) {
        grid.scrollTop = (count * height * (now - started)) / (1000 * seconds)
        await paint()
        const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
        const after = performance.now()
        frame = Math.max(frame, after - last)
        last = after
        if (at?.closest('[role="row"][data-thread], .heading')) full = after
        else empty = Math.max(empty, after - full)
      }
      return { seconds: (performance.now() - started) / 1000, empty, frame }
    },
    /**
     * Resolves to when the key was pressed, when no row was left and a notice said that it is done, and which steps of
     * progress were painted.
     */
    awaitArchived() {
      const steps = new Set()
      const progress = () => document.querySelector('.toast:has(progress) span')?.textContent
      const observer = new MutationObserver(() => progress() && steps.add(progress()))
      observer.observe(document, { subtree: true, childList: true, characterData: true })
      const isDone = () => rows().length === 0 && !progress() && document.querySelector('.toast')
      awaited = press('keydown').then(async (at) => [at, await painted(isDone), [...steps]])
    },
    /** Resolves to when the key was pressed, and when rows were back and no progress was shown. */
    awaitBack() {
      const isBack = () => rows().length >= 20 && !document.querySelector('.toast:has(progress)')
      awaited = press('keydown').then(async (at) => [at, await painted(isBack)])
    },
    /** Conversations in the list that have one message. */
    single: () => rows().filter((row) => !row.querySelector('.number')).map((row) => row.dataset.thread)
  }
})()
