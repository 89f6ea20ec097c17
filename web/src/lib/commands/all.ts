/** All commands, in the order of the sheet of keys. */
import { archiveNewer } from '#lib/commands/archive-newer.ts'
import { archiveOlder } from '#lib/commands/archive-older.ts'
import { archive } from '#lib/commands/archive.ts'
import { back } from '#lib/commands/back.ts'
import { collapseAll } from '#lib/commands/collapse-all.ts'
import type { Command } from '#lib/commands/command.ts'
import { remove } from '#lib/commands/delete.ts'
import { endSelection } from '#lib/commands/end-selection.ts'
import { compose } from '#lib/commands/compose.ts'
import { expandAll } from '#lib/commands/expand-all.ts'
import { forward } from '#lib/commands/forward.ts'
import { goAll } from '#lib/commands/go-all.ts'
import { goDrafts } from '#lib/commands/go-drafts.ts'
import { goInbox } from '#lib/commands/go-inbox.ts'
import { goSent } from '#lib/commands/go-sent.ts'
import { goStarred } from '#lib/commands/go-starred.ts'
import { goTo } from '#lib/commands/go-to.ts'
import { keys } from '#lib/commands/keys.ts'
import { label } from '#lib/commands/label.ts'
import { more } from '#lib/commands/more.ts'
import { move } from '#lib/commands/move.ts'
import { nextMessage } from '#lib/commands/next-message.ts'
import { next } from '#lib/commands/next.ts'
import { open } from '#lib/commands/open.ts'
import { previousMessage } from '#lib/commands/previous-message.ts'
import { previous } from '#lib/commands/previous.ts'
import { read } from '#lib/commands/read.ts'
import { replyAll } from '#lib/commands/reply-all.ts'
import { reply } from '#lib/commands/reply.ts'
import { search } from '#lib/commands/search.ts'
import { selectAll } from '#lib/commands/select-all.ts'
import { selectNone } from '#lib/commands/select-none.ts'
import { selectRead } from '#lib/commands/select-read.ts'
import { selectStarred } from '#lib/commands/select-starred.ts'
import { selectUnread } from '#lib/commands/select-unread.ts'
import { selectUnstarred } from '#lib/commands/select-unstarred.ts'
import { select } from '#lib/commands/select.ts'
import { spam } from '#lib/commands/spam.ts'
import { star } from '#lib/commands/star.ts'
import { takeOut } from '#lib/commands/take-out.ts'
import { undo } from '#lib/commands/undo.ts'
import { unread } from '#lib/commands/unread.ts'
import { widenNewer } from '#lib/commands/widen-newer.ts'
import { widenOlder } from '#lib/commands/widen-older.ts'

export const ALL: readonly Command[] = [
  next,
  previous,
  open,
  back,
  search,
  nextMessage,
  previousMessage,
  expandAll,
  collapseAll,
  goInbox,
  goStarred,
  goDrafts,
  goSent,
  goAll,
  goTo,
  keys,
  archive,
  remove,
  spam,
  star,
  move,
  label,
  takeOut,
  read,
  unread,
  archiveNewer,
  archiveOlder,
  more,
  undo,
  select,
  widenOlder,
  widenNewer,
  selectAll,
  selectNone,
  selectRead,
  selectUnread,
  selectStarred,
  selectUnstarred,
  endSelection,
  compose,
  reply,
  replyAll,
  forward
]
