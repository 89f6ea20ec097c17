/** The third moment of the mail page: the windows of writing, and what keeps, stores and sends messages. */
import '#lib/writing/state/compose.svelte.ts'
export { default as Docks } from '#lib/writing/page/Docks.svelte'
