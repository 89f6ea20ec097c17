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

if (typeof window !== 'undefined') {
  Object.assign(window, { matchMedia: (media: string) => new Query(media) })
}
