/** The local storage of a browser, which Node lacks: its items are its own properties, as in a browser. */
const METHODS = {
  getItem(this: Record<string, string>, key: string): string | null {
    return Object.hasOwn(this, key) ? (this[key] ?? null) : null
  },
  setItem(this: Record<string, string>, key: string, text: string): void {
    this[key] = text
  },
  removeItem(this: Record<string, string>, key: string): void {
    Reflect.deleteProperty(this, key)
  }
}

export function modelStorage(): Storage {
  return Object.create(METHODS) as Storage
}
