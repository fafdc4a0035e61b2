// One listener for all shortcuts. Single keys act only while the canvas has the focus; no key is taken from a field.

import { commands, keysOf, runCommand } from '../commands';
import { useDialogs } from '../state/dialogs';
import { usePreferences } from '../state/preferences';

/** "Ctrl+Shift+Z" for an event: Ctrl stands for the Command key as well. */
export function keyName(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // Shift is part of characters such as ? and :, but a modifier of letters and named keys.
  const isCharacter = event.key.length === 1 && !/[a-z0-9]/i.test(event.key);
  return [
    event.ctrlKey || event.metaKey ? 'Ctrl' : '',
    event.altKey ? 'Alt' : '',
    event.shiftKey && !isCharacter ? 'Shift' : '',
    key,
  ].filter(Boolean).join('+');
}

/** The order of modifiers in a table of keys does not matter. */
export function sameKeys(a: string, b: string): boolean {
  const sorted = (text: string): string => text.toUpperCase().split('+').sort().join('+');
  return sorted(a) === sorted(b);
}

const needsCanvas = (keys: string): boolean => !keys.includes('Ctrl') && !keys.includes('Alt') && !/F\d/.test(keys);

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;

const onCanvas = (target: EventTarget | null): boolean =>
  target === document.body || (target instanceof HTMLElement && target.classList.contains('canvas')) ||
  (target instanceof HTMLElement && target.closest('.react-flow') !== null && target.closest('.nodrag') === null);

/** Keys that mean something else while a text is being edited. */
const TEXT_KEYS = ['Ctrl+A', 'Ctrl+C', 'Ctrl+X', 'Ctrl+V', 'Ctrl+Z', 'Ctrl+Shift+Z', 'Ctrl+Y', 'Ctrl+Delete', 'Ctrl+D', 'Ctrl+B'];

export function onKeyDown(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  const name = keyName(event);
  if (name === 'Escape' && inField(event.target)) {
    document.querySelector<HTMLElement>('.canvas')?.focus();
    return;
  }
  const command = commands.find((one) => keysOf(one).some((keys) => sameKeys(keys, name)) && mayAct(name, event));
  if (!command) return;
  event.preventDefault();
  runCommand(command.id);
}

function mayAct(name: string, event: KeyboardEvent): boolean {
  const { palette, viewer, mask, prompt, question, foreign } = useDialogs.getState();
  if (palette || viewer || mask || prompt || question || foreign) return false;
  if (inField(event.target)) {
    if (needsCanvas(name)) return false;
    return !TEXT_KEYS.some((keys) => sameKeys(keys, name)) && !event.altKey;
  }
  if (!needsCanvas(name)) return !(name === 'Ctrl+C' && String(getSelection()) !== '');
  if (name.length === 1 && /[A-Z]/.test(name) && !usePreferences.getState().singleKeys) return false;
  return onCanvas(event.target);
}
