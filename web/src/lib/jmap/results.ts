/** The responses of a group of calls. */
import type { Responses } from './batch.ts'
import { JmapFailure, methodFailure } from './errors.ts'

export class Results {
  readonly #responses: Responses

  constructor(responses: Responses) {
    this.#responses = responses
  }

  /** Raises JmapFailure if the call failed. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it called
  get<T>(id: string): T {
    const response = this.#responses.get(id)
    if (response && 'args' in response) {
      return response.args as T
    }
    throw response ? methodFailure(response.error['type']) : new JmapFailure('unknown', { ambiguous: true })
  }

  /** The response, or null if the call failed. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it called
  find<T>(id: string): T | null {
    const response = this.#responses.get(id)
    return response && 'args' in response ? (response.args as T) : null
  }

  /** The code of a call that failed. */
  errorOf(id: string): string | null {
    const response = this.#responses.get(id)
    return response && 'error' in response ? methodFailure(response.error['type']).code : null
  }
}
