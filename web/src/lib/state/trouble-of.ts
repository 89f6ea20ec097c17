import { troubleOf } from '#lib/sync/task.ts'

/** What fails is told as the contract has it. */
export function troubled<T>(work: Promise<T>): Promise<T> {
  return work.catch((failure: unknown) => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
    throw troubleOf(failure)
  })
}
