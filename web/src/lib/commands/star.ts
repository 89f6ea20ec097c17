import { hits, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const star: Command = {
  name: 'star',
  group: 'sort',
  keys: ['s'],
  when: hits,
  run: (page) => act(page, { kind: 'star', on: !page.triage.areAll(({ starred }) => starred) })
}
