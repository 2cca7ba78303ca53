import type { Breach, SourceFile } from './source-file.ts'

/** Every circle of imports, once, named by the file in it that comes first. Types count: a circle of types is one subject in two files. */
export const checkCycles = (files: SourceFile[]): Breach[] => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const trail: string[] = []
  const circles: string[][] = []

  const visit = (path: string): void => {
    if (done.has(path)) return
    const start = trail.indexOf(path)
    if (start >= 0) {
      circles.push(trail.slice(start))
      return
    }
    trail.push(path)
    for (const { target, isThread } of byPath.get(path)?.imports ?? [])
      if (!isThread && byPath.has(target)) visit(target)
    trail.pop()
    done.add(path)
  }

  for (const { path } of files) visit(path)
  return circles.map((circle) => ({
    path: circle[0] ?? '',
    line: 1,
    message: `Imports go in a circle: ${[...circle, circle[0]].join(' → ')}. Move what they share into a file below them.`,
  }))
}
