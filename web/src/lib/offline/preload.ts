/** Whether the browser asks the service for a page while the worker starts, and hands the answer to the worker. */

/** Nothing depends on it. A registration keeps what was chosen, also by a worker before this. */
export async function choosePreload(preload: NavigationPreloadManager | undefined, userAgent: string): Promise<void> {
  // If what Firefox asked for fails, it shows an error of its own, whatever the worker answers: without a network it would
  // never show what is kept.
  const isFirefox = userAgent.includes('Firefox/')
  await (isFirefox ? preload?.disable() : preload?.enable())?.catch(() => undefined)
}
