// The workflow inside an SVG picture that was exported here: the text of its <metadata> element.

import { FileError } from './file_error';

const BEGIN = '<metadata id="workflow">';
const END = '</metadata>';

export const isSvg = (text: string): boolean => /^\s*(<\?xml[^>]*>\s*)?<svg[\s>]/.test(text.slice(0, 1000));

export function readSvgWorkflow(text: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new FileError('this picture holds no workflow');
  return unescaped(text.slice(begin + BEGIN.length, end));
}

export const svgMetadata = (workflow: string): string => `${BEGIN}${escaped(workflow)}${END}`;

/// A text as it may stand in XML; what XML cannot hold at all is a question mark.
export function escaped(text: string): string {
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '?').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function unescaped(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&');
}
