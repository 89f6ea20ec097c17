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
      const pressed = new Promise((resolve) =>
        addEventListener('keydown', ({ timeStamp }) => resolve(timeStamp), { capture: true, once: true })
      )
      awaited = pressed.then(async (at) => [at, await painted(text)])
    },
    awaited: () => awaited,
    /** Conversations in the list that have one message. */
    single: () => rows().filter((row) => !row.querySelector('.number')).map((row) => row.dataset.thread)
  }
})()
