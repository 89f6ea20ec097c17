/** The pictures that a frame has: each is sent to it once, although they come one by one. */
export class SentPictures {
  readonly #ids = new Set<string>()

  /** Those of `images` that the frame does not have; from now on it has them. */
  fresh(images: ReadonlyMap<string, Blob>): (readonly [string, Blob])[] {
    const fresh = [...images].filter(([id]) => !this.#ids.has(id))
    fresh.forEach(([id]) => this.#ids.add(id))
    return fresh
  }
}
