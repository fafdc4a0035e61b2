// The documents as they were when they were last run from this page.

import { readDocument } from '../io/editor_format';
import { isObject, parseJson } from '../model/json';
import type { Document } from '../model/document';

const texts = new Map<string, string>();

export const rememberRun = (tab: string, text: string): void => void texts.set(tab, text);

export function lastRun(tab: string): Document | undefined {
  const text = texts.get(tab);
  const json = text === undefined ? undefined : parseJson(text);
  return isObject(json) ? readDocument(json) : undefined;
}
