/** The commands by which one walks through the list: their keys work as soon as it is painted. */
import { back } from '#lib/commands/back.ts'
import type { Command } from '#lib/commands/command.ts'
import { next } from '#lib/commands/next.ts'
import { open } from '#lib/commands/open.ts'
import { previous } from '#lib/commands/previous.ts'

export const WALKING: readonly Command[] = [next, previous, open, back]
