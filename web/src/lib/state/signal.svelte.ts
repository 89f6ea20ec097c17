/** Makes getters reactive whose values lie outside of Svelte's reach. */
export class Signal {
  #number = $state(0)

  /** Call it in a getter: what reads that runs again after `notify`. */
  track(): number {
    return this.#number
  }

  /** What is behind the getters changed. */
  notify(): void {
    this.#number += 1
  }
}
