/** What the mail page needs once the list is shown. */
export { keepSpare } from '#lib/frame/spare.ts'
export { default as BottomBar } from '#lib/views/mail/BottomBar.svelte'
export { default as Reader } from '#lib/views/reader/Reader.svelte'
export { default as Scheduled } from '#lib/views/list/Scheduled.svelte'
export { default as Dialogs } from '#lib/views/triage/Dialogs.svelte'
export { default as SearchPane } from '#lib/views/search/SearchPane.svelte'
export { default as Notices } from '#lib/views/mail/Notices.svelte'
export { default as Splitter } from '#lib/views/mail/Splitter.svelte'
