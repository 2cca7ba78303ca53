/** One line of print: points from the left, points from the bottom, size in points. */
export type PrintedLine = { text: string; x?: number; y: number; size?: number }

/** A PDF of A4 pages with these lines in Helvetica, for tests. `trailer` adds to the trailer dictionary. */
export const pdfFile = (pages: PrintedLine[][], { title = '', trailer = '' } = {}): Buffer => {
  const objects: string[] = []
  const pageIds = pages.map((_, i) => 5 + i * 2)
  objects[1] = '<< /Type /Catalog /Pages 2 0 R >>'
  objects[2] = `<< /Type /Pages /Kids [${pageIds.map((id) => `${id} 0 R`).join(' ')}] /Count ${pages.length} >>`
  objects[3] = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'
  objects[4] = `<< /Title (${title}) >>`
  for (const [i, lines] of pages.entries()) {
    const drawn = lines.map(
      ({ text, x = 50, y, size = 11 }) => `BT /F1 ${size} Tf 1 0 0 1 ${x} ${y} Tm (${escapeString(text)}) Tj ET`,
    )
    const stream = drawn.join('\n')
    objects[pageIds[i]!] =
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${pageIds[i]! + 1} 0 R >>`
    objects[pageIds[i]! + 1] = `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`
  }
  let file = '%PDF-1.4\n'
  const offsets: number[] = []
  for (let id = 1; id < objects.length; id++) {
    offsets[id] = file.length
    file += `${id} 0 obj\n${objects[id]}\nendobj\n`
  }
  const table = offsets.slice(1).map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`)
  const start = file.length
  file += `xref\n0 ${objects.length}\n0000000000 65535 f \n${table.join('')}`
  file += `trailer\n<< /Size ${objects.length} /Root 1 0 R /Info 4 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(file, 'latin1')
}

const escapeString = (text: string): string => text.replace(/[\\()]/g, '\\$&')
