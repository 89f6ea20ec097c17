import type { Tongue } from '#lib/sync/ports.ts'

/** Stands for the language of a page that is not drawn yet. */
export class LateTongue implements Tongue {
  #tongue: Tongue | null = null
  #waiting: ((tongue: Tongue) => void)[] = []

  get untold(): string | null {
    return this.#tongue?.untold ?? null
  }

  told(language: string): void {
    this.#with((tongue) => tongue.told(language))
  }

  adopt(language: string): void {
    this.#with((tongue) => tongue.adopt(language))
  }

  roleName(role: string): string {
    return this.#tongue?.roleName(role) ?? role
  }

  /** The page is drawn. */
  become(tongue: Tongue): void {
    this.#tongue = tongue
    this.#waiting.splice(0).forEach((work) => work(tongue))
  }

  #with(work: (tongue: Tongue) => void): void {
    if (this.#tongue) {
      work(this.#tongue)
    } else {
      this.#waiting.push(work)
    }
  }
}
