/** What a page looks like on this device: which folders are collapsed, how wide a pane is. Nothing secret, and nothing that
 * has to follow the person: that is in /api/settings. */

export class DeviceStorage {
  readonly #storage: () => Storage

  /** Where the person blocks what sites store, a browser throws already when it is asked for its storage. */
  // eslint-disable-next-line no-restricted-globals -- no secret: see above
  constructor(storage = () => localStorage) {
    this.#storage = storage
  }

  /** null if nothing was kept, or nothing that can be read */
  read(key: string): unknown {
    try {
      return JSON.parse(this.#storage().getItem(`postroom-${key}`) ?? 'null')
    } catch {
      return null
    }
  }

  write(key: string, value: unknown): void {
    try {
      this.#storage().setItem(`postroom-${key}`, JSON.stringify(value))
    } catch {
      // It holds until the page is loaded anew.
    }
  }
}
