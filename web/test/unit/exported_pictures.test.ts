// Pictures of graphs that were exported here open again.

import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/io/file_error';
import { openFile } from '../../src/io/open_file';
import { readPictureTexts } from '../../src/io/picture_texts';
import { withPngText } from '../../src/io/png_write';
import { isSvg, readSvgWorkflow, svgMetadata } from '../../src/io/svg_texts';
import { EMPTY_REGISTRY } from '../../src/model/definition';
import { png } from './picture_files';

const HARD = '</metadata> & <b> "quotes" ]]> 日本 👩‍👩‍👧 &amp; &lt;';

describe('SVG', () => {
  const svg = (text: string): string => `<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">${svgMetadata(text)}</svg>`;

  it('gives back the text that it holds', () => {
    expect(readSvgWorkflow(svg(HARD))).toBe(HARD);
    expect(isSvg(svg(HARD))).toBe(true);
    expect(isSvg('{"svg": 1}')).toBe(false);
  });

  it('opens as its graph, and is refused in words without one', async () => {
    const workflow = JSON.stringify({ nodes: [{ id: 1, type: HARD, pos: [0, 0] }], links: [] });
    const opened = await openFile(new TextEncoder().encode(svg(workflow)), EMPTY_REGISTRY);
    expect(opened.document.root.nodes.get('1')?.type).toBe(HARD);
    await expect(openFile(new TextEncoder().encode('<svg></svg>'), EMPTY_REGISTRY)).rejects.toThrow(FileError);
  });
});

describe('PNG', () => {
  it('gives back the text that was put in, and what was there', async () => {
    const twice = withPngText(withPngText(png(), 'workflow', HARD), 'other', 'x');
    expect(Object.fromEntries(await readPictureTexts(twice))).toEqual({ workflow: HARD, other: 'x' });
    expect([...twice.slice(-12)]).toEqual([...png().slice(-12)]);
  });
});
