import { useEffect, useState } from 'react';

// When many nodes come into the page at once, their fields follow a few at each frame: the camera never waits for them.

const A_FRAME = 3;
const waiting = new Set<() => void>();
let asked = 0;

function next(): void {
  asked = 0;
  for (const take of [...waiting].slice(0, A_FRAME)) {
    waiting.delete(take);
    take();
  }
  if (waiting.size > 0) asked = requestAnimationFrame(next);
}

/** Whether it is this component's turn to show all it has; at once where there is no crowd. */
export function useTurn(isCrowded: boolean): boolean {
  const [hasTurn, setTurn] = useState(!isCrowded);
  useEffect(() => {
    if (hasTurn) return;
    const take = (): void => setTurn(true);
    waiting.add(take);
    asked ||= requestAnimationFrame(next);
    return () => void waiting.delete(take);
  }, [hasTurn]);
  return hasTurn;
}
