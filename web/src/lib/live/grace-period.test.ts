import { describe, expect, test } from 'vitest'
import { World } from '../../../tests/world.ts'
import { GracePeriod } from './grace-period.ts'

function scene() {
  const world = new World()
  const said: string[] = []
  const grace = new GracePeriod(world.ports(fetch))
  return { world, said, grace, fails: (code: string) => grace.tell(code, () => said.push(code)) }
}

describe('a server that asks for a pause', () => {
  test.each(['limit', 'too_many_requests'])('is not told of for 5 s: %s', async (code) => {
    const { world, said, fails } = scene()
    fails(code)
    await world.pass(4_900)
    expect(said).toEqual([])
    await world.pass(100)
    expect(said).toEqual([code])
  })

  test('is told of after 5 s, however often it asks for less', async () => {
    const { world, said, fails } = scene()
    for (let second = 0; second < 5; second += 1) {
      fails('limit')
      await world.pass(1_000)
    }
    expect(said).toEqual(['limit'])
    fails('limit')
    expect(said).toHaveLength(2)
  })

  test('is not told of if it answers within 5 s, nor soon after', async () => {
    const { world, said, grace, fails } = scene()
    fails('limit')
    await world.pass(4_000)
    grace.over()
    await world.pass(4_000)
    fails('limit')
    await world.pass(4_000)
    expect(said).toEqual([])
  })
})

test('any other failure is told at once, and instead of a pause', async () => {
  const { world, said, fails } = scene()
  fails('limit')
  fails('mail_server_away')
  await world.pass(10_000)
  expect(said).toEqual(['mail_server_away'])
})
