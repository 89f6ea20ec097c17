import { expect, test } from 'vitest'
import { mistakeOf } from './errors.ts'

test.each<[string | null | undefined, number | null]>([
  ['Expected token "x" but found "y" at line 2, column 5.', 2],
  ['line 3: syntax error', 3],
  ['Expected token "command" but found "nonsense" at line 0, column 0.', 4],
  ['Expected token "command" but found "other" at line 0, column 0.', null],
  ['Script is too long.', null],
  [undefined, null]
])('the line of a mistake is in the sentence of the server, or that of the word it names: %s', (text, line) => {
  expect(mistakeOf(text, 'keep;\r\n# nonsense\r\nkeep;\r\nnonsense;\r\n').line).toBe(line)
})
