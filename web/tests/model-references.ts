/** Result references of the model server. */
import type { Arguments, Invocation } from '#lib/jmap/types.ts'

/** RFC 8620 §3.7, with the one `*` that we use. */
export function resolved(args: Arguments, responses: readonly Invocation[]): Arguments {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (!name.startsWith('#')) {
        return [name, value]
      }
      const { resultOf, path } = value as { resultOf: string; path: string }
      const response = responses.find(([of, , id]) => id === resultOf && of !== 'error')
      if (!response) {
        throw new Error('invalidResultReference')
      }
      const [first = '', star, last = ''] = path.slice(1).split('/')
      const found = response[1][first] as Record<string, unknown>[]
      return [name.slice(1), star === '*' ? found.flatMap((item) => item[last]) : found]
    })
  )
}
