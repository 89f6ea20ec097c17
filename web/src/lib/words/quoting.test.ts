import { Choice } from '#lib/words/choice.ts'
import { quotingWords } from '#lib/words/quoting.ts'
import { expect, test } from 'vitest'

const AT = new Date(2026, 10, 27, 14, 32)

function choiceOf(region: string): Choice {
  return new Choice(() => ({ getItem: (key: string) => (key === 'postroom-region' ? region : null) }) as Storage)
}

test.each([
  ['en', '', 'On 27 November 2026 at 14:32, Mara wrote:'],
  ['en', 'US', 'On November 27, 2026 at 2:32 PM, Mara wrote:'],
  ['de', '', 'Am 27. November 2026 um 14:32 schrieb Mara:']
] as const)(
  'in %s as in "%s", the line above a quote has the date as elsewhere in the page',
  async (language, region, line) => {
    const words = await quotingWords(language, choiceOf(region))
    expect(words.attribution('Mara', AT).replaceAll(/\s/gu, ' ')).toBe(line)
  }
)
