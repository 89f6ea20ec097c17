/** The commands whose keys work as soon as the list is painted: by them one walks through it, or begins to type a search. */
import { back } from '#lib/commands/back.ts'
import type { Command } from '#lib/commands/command.ts'
import { next } from '#lib/commands/next.ts'
import { open } from '#lib/commands/open.ts'
import { previous } from '#lib/commands/previous.ts'
import { search } from '#lib/commands/search.ts'

export const WALKING: readonly Command[] = [next, previous, open, back, search]
