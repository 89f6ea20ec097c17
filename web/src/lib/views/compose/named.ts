/** Files under names that are seen, as received ones have them. */
import { fileName } from '#lib/mail/honest-name.ts'

export function named(files: readonly File[]): File[] {
  return files.map((file) => {
    const name = fileName(file.name, file.type)
    return name === file.name ? file : new File([file], name, { type: file.type })
  })
}
