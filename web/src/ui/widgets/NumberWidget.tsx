import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import type { FloatWidget, IntWidget } from '../../model/definition';
import { evaluate } from '../../model/expression';
import { fitNumber, stepNumber } from '../../model/numbers';
import { notify } from '../../state/notices';
import type { WidgetProps } from './props';

type Numeric = number | bigint;

const PIXELS_A_STEP = 6;
const DRAG_STARTS = 4;

/** Drag to change, arrows to step (Shift: ten at once), or type a number or an expression. */
export function NumberWidget({ label, value, onChange, onEnd, widget, ...rest }: WidgetProps<Numeric> & { widget: IntWidget | FloatWidget }) {
  const [typed, setTyped] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const drag = useRef<{ x: number; value: Numeric; moved: boolean } | null>(null);

  const accept = (): void => {
    if (typed === null) return;
    const result = evaluate(typed);
    setTyped(null);
    if (!result.ok) notify('warn', `${rest.name}: ${result.reason}`);
    else if (fitNumber(widget, result.value) !== value) onChange(fitNumber(widget, result.value));
    onEnd();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (direction !== 0) {
      event.preventDefault();
      setTyped(null);
      onChange(stepNumber(widget, value, direction * (event.shiftKey ? 10 : 1)));
    } else if (event.key === 'Enter') {
      accept();
    } else if (event.key === 'Escape' && typed !== null) {
      setTyped(null);
      event.stopPropagation();
    }
  };

  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || document.activeElement === input.current) return;
    drag.current = { x: event.clientX, value, moved: false };
    event.currentTarget.setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!drag.current) return;
    const distance = event.clientX - drag.current.x;
    if (!drag.current.moved && Math.abs(distance) < DRAG_STARTS) return;
    drag.current.moved = true;
    const steps = Math.round(distance / PIXELS_A_STEP) * (event.shiftKey ? 10 : 1);
    const next = stepNumber(widget, drag.current.value, steps);
    if (next !== value) onChange(next);
  };
  const onPointerUp = (): void => {
    const moved = drag.current?.moved;
    drag.current = null;
    if (moved) onEnd();
    else input.current?.select();
    if (!moved) input.current?.focus();
  };

  return (
    <label className="widget number nodrag" data-invalid={rest.invalid ? '' : undefined}>
      <span
        className="widget-label"
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerUp}
      >
        {label}
      </span>
      <input
        ref={input}
        role="spinbutton"
        inputMode="decimal"
        aria-label={rest.name}
        aria-valuenow={Number(value)}
        aria-valuetext={show(value)}
        aria-valuemin={widget.min === null ? undefined : Number(widget.min)}
        aria-valuemax={widget.max === null ? undefined : Number(widget.max)}
        aria-invalid={rest.invalid ? true : undefined}
        title={rest.tooltip}
        disabled={rest.disabled}
        value={typed ?? show(value)}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={accept}
        onKeyDown={onKeyDown}
        onFocus={(event) => event.target.select()}
      />
    </label>
  );
}

const show = (value: Numeric): string => (typeof value === 'bigint' ? String(value) : String(Number(value.toFixed(6))));
