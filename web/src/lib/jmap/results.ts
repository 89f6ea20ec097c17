/** The answers of a group of calls. */
import type { Answers } from './batch.ts'
import { JmapFailure, methodFailure } from './errors.ts'

export class Results {
  readonly #answers: Answers

  constructor(answers: Answers) {
    this.#answers = answers
  }

  /** Raises JmapFailure if the call failed. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it called
  get<T>(id: string): T {
    const answer = this.#answers.get(id)
    if (answer && 'args' in answer) {
      return answer.args as T
    }
    throw answer ? methodFailure(answer.error['type']) : new JmapFailure('unknown', { ambiguous: true })
  }

  /** The answer, or null if the call failed. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it called
  find<T>(id: string): T | null {
    const answer = this.#answers.get(id)
    return answer && 'args' in answer ? (answer.args as T) : null
  }

  /** The code of a call that failed. */
  errorOf(id: string): string | null {
    const answer = this.#answers.get(id)
    return answer && 'error' in answer ? methodFailure(answer.error['type']).code : null
  }
}
