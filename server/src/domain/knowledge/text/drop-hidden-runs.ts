const storyPart = /^word\/(?:document|document\d+|footnotes|endnotes)\.xml$/
const run = /<w:r[ >](?:(?!<w:r[ >])[\s\S])*?<\/w:r>/g
const vanish = /<w:(?:vanish|webHidden)\s*(?:w:val="(?:1|true|on)"\s*)?\/>/

/** A Word document without the text its author formatted as hidden, which the converter would print. */
export const dropHiddenRuns = async (docx: Buffer): Promise<Buffer> => {
  const { default: Zip } = await import('jszip')
  const zip = await Zip.loadAsync(docx)
  let changed = false
  for (const part of zip.file(storyPart)) {
    const xml = await part.async('string')
    if (!vanish.test(xml)) continue
    zip.file(
      part.name,
      xml.replace(run, (whole) => (vanish.test(whole) ? '' : whole)),
    )
    changed = true
  }
  return changed ? zip.generateAsync({ type: 'nodebuffer' }) : docx
}
