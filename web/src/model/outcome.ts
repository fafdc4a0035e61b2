// What a command that may be refused returns: its result, or the reason in words for the user.

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(reason: string): Outcome<never> {
  return { ok: false, reason };
}
