// A finger that rests on something asks for its menu, as the right button does. Not all browsers say so themselves.

import type { PointerEvent as ReactPointerEvent } from 'react';

const LONG = 550;
const STILL = 10;

export function watchLongPress(event: ReactPointerEvent<HTMLElement>): void {
  if (event.pointerType !== 'touch' || !event.isPrimary) return;
  const { target, clientX, clientY } = event;
  const stop = (): void => {
    clearTimeout(timer);
    window.removeEventListener('pointermove', move, true);
    for (const name of ENDS) window.removeEventListener(name, stop, true);
  };
  const move = (at: PointerEvent): void => {
    if (Math.hypot(at.clientX - clientX, at.clientY - clientY) > STILL) stop();
  };
  const timer = setTimeout(() => {
    stop();
    target.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX, clientY }));
  }, LONG);
  window.addEventListener('pointermove', move, true);
  // A second finger is a pinch.
  for (const name of ENDS) window.addEventListener(name, stop, true);
}

const ENDS = ['pointerup', 'pointercancel', 'pointerdown', 'contextmenu'] as const;
