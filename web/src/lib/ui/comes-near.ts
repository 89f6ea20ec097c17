import type { Attachment } from 'svelte/attachments'

/** Calls `near` once the element is within a screen of what is visible. */
export function comesNear(near: () => void): Attachment {
  return (element) => {
    const observer = new IntersectionObserver(
      (seen) => {
        if (seen.some(({ isIntersecting }) => isIntersecting)) near()
      },
      { rootMargin: '100% 0px' }
    )
    observer.observe(element)
    return () => observer.disconnect()
  }
}
