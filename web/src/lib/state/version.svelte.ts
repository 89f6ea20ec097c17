/** Makes getters reactive whose values lie outside of Svelte's reach. */
export class Version {
  #number = $state(0)

  /** Call it in a getter: whoever reads that is told of `next`. */
  seen(): number {
    return this.#number
  }

  /** What is behind the getters changed. */
  next(): void {
    this.#number += 1
  }
}
