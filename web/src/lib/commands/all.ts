/** All commands, in the order of the sheet of keys. */
import type { Command } from '#lib/commands/command.ts'
import { SELECT } from '#lib/commands/select.ts'
import { SORT } from '#lib/commands/sort.ts'
import { WALK } from '#lib/commands/walk.ts'
import { WRITE } from '#lib/commands/write.ts'

export const ALL: readonly Command[] = [...WALK, ...SORT, ...SELECT, ...WRITE]
