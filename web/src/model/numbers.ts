// Numbers of widgets: within their range, in their steps. Whole ones are exact up to any size.

import type { FloatWidget, IntWidget } from './definition';
import { simplest } from './expression';

/// The nearest number that the widget takes.
export function fitNumber(widget: IntWidget | FloatWidget, value: number | bigint): number | bigint {
  return widget.kind === 'int' ? fitWhole(widget, value) : fitReal(widget, Number(value));
}

function fitWhole(widget: IntWidget, value: number | bigint): number | bigint {
  let whole = toBigInt(value);
  if (widget.max !== null && whole > widget.max) whole = toBigInt(widget.max);
  if (widget.min !== null && whole < widget.min) whole = toBigInt(widget.min);
  return simplest(whole);
}

function fitReal(widget: FloatWidget, value: number): number {
  const rounded = widget.round === null || widget.round <= 0 ? value : clean(Math.round(value / widget.round) * widget.round, widget.round);
  return Math.min(widget.max ?? Infinity, Math.max(widget.min ?? -Infinity, rounded));
}

/// So many steps up (or down) from a value.
export function stepNumber(widget: IntWidget | FloatWidget, value: number | bigint, steps: number): number | bigint {
  if (widget.kind === 'int') return fitWhole(widget, toBigInt(value) + toBigInt(widget.step) * BigInt(Math.trunc(steps)));
  return fitReal(widget, clean(Number(value) + widget.step * steps, widget.step));
}

/// Without the dust that binary fractions leave: 0.1 + 0.2 is 0.3.
function clean(value: number, unit: number): number {
  const digits = decimals(unit);
  return Number(value.toFixed(Math.min(digits + 2, 20)));
}

function decimals(unit: number): number {
  const match = /(?:\.(\d+))?(?:e(-?\d+))?$/.exec(String(unit));
  return Math.max(0, (match?.[1]?.length ?? 0) - Number(match?.[2] ?? 0));
}

export function toBigInt(value: number | bigint): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
}
