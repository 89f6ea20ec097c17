/** Files under the names that the page shows, as files of received messages have them: no name hides what a file is. */
import { fileName } from '#lib/mail/honest-name.ts'

export function named(files: readonly File[]): File[] {
  return files.map((file) => {
    const name = fileName(file.name, file.type)
    return name === file.name ? file : new File([file], name, { type: file.type })
  })
}
