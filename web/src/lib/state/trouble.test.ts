import { expect, test } from 'vitest'
import { failureOf, methodFailure } from '#lib/jmap/errors.ts'
import { mail as german } from '#lib/words/de/mail.ts'
import { mail as english } from '#lib/words/en/mail.ts'
import { troubleWord } from './trouble.ts'

const STATUS = 500
const problem = { type: 'about:blank', status: STATUS, title: 'Internal Server Error' }

test('a mail server that fails, as one does whose disk is full, is named', async () => {
  const codes = ['serverUnavailable', 'serverFail', 'serverPartialFail'].map((type) => methodFailure(type).code)
  const { code, ambiguous } = await failureOf(Response.json(problem, { status: STATUS }), 0)
  expect(ambiguous).toBe(true)
  for (const each of [...codes, code]) {
    expect(english.trouble[troubleWord(each)]).toMatch(/mail server/iu)
    expect(german.trouble[troubleWord(each)]).toMatch(/mailserver/iu)
  }
})
